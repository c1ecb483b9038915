/** A content coding that can be made here (RFC 9110, section 8.4.1). */
export type Coding = 'zstd' | 'br' | 'gzip';

/**
 * Which of `offered` the client likes best (RFC 9110, section 12.5.3); of several equal ones the first. `identity` where it
 * likes the plain bytes better, or said nothing; undefined where it takes neither those nor any of `offered`.
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  offered: readonly Coding[],
): Coding | 'identity' | undefined {
  if (acceptEncoding === undefined) return 'identity';
  const weights = new Map<string, number>();
  for (const { name, weight } of members(acceptEncoding)) {
    const coding = name === 'x-gzip' ? 'gzip' : name;
    if (!weights.has(coding)) weights.set(coding, weight);
  }
  const other = weights.get('*');
  let best: Coding | 'identity' | undefined;
  let bestWeight = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? other ?? 0;
    if (weight <= bestWeight) continue;
    best = coding;
    bestWeight = weight;
  }
  // Not named, it is acceptable unless `*` forbids it, and worth less than what is named.
  const identity = weights.get('identity') ?? (other === 0 ? 0 : undefined);
  if (identity === undefined) return best ?? 'identity';
  return identity > bestWeight ? 'identity' : best;
}

/**
 * Which of `offered` media types the client likes best (section 12.5.1); of several equal ones the first. Undefined where
 * it takes none of them. The most specific range that matches a type decides on it.
 */
export function chooseType(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = members(accept);
  return best(offered, (type) => {
    const [essence = '', ...parameters] = split(type, ';').map((part) => part.trim().toLowerCase());
    let weight = 0;
    let specificity = -1;
    for (const range of ranges) {
      const found = specificityOf(range, essence, parameters);
      if (found <= specificity) continue;
      specificity = found;
      weight = range.weight;
    }
    return weight;
  });
}

/**
 * Which of `offered` languages the client likes best (section 12.5.4), by basic filtering (RFC 4647, section 3.3.1): the range `de`
 * takes `de-CH`. Undefined where it asks for none of them: then send the default, rather than an error.
 */
export function chooseLanguage(acceptLanguage: string | undefined, offered: readonly string[]): string | undefined {
  if (acceptLanguage === undefined || acceptLanguage.trim() === '') return offered[0];
  const ranges = members(acceptLanguage);
  return best(offered, (language) => {
    const tag = language.toLowerCase();
    let weight = 0;
    let length = -1;
    for (const { name, weight: own } of ranges) {
      const matched = name === '*' ? 0 : tag === name || tag.startsWith(`${name}-`) ? name.length : -1;
      if (matched <= length) continue;
      length = matched;
      weight = own;
    }
    return weight;
  });
}

/** A member of an Accept header: its name in lower case, its parameters before the weight, and the weight. */
interface Member {
  readonly name: string;
  readonly parameters: readonly string[];
  /** 0 to 1. */
  readonly weight: number;
}

/** More in one header are a mistake or an attack, and the rest is not looked at. */
const maxMembers = 64;

/** The members with a valid name and weight; the others are skipped, as empty ones are. */
function members(header: string): readonly Member[] {
  const list: Member[] = [];
  for (const text of split(header, ',')) {
    if (list.length === maxMembers) break;
    const [name = '', ...rest] = split(text, ';').map((part) => part.trim().toLowerCase());
    const at = rest.findIndex((parameter) => /^q[ \t]*=/.test(parameter));
    const weight = at < 0 ? 1 : weightOf(rest[at]!);
    if (name === '' || weight === undefined) continue;
    // What follows the weight are extensions that nobody defined.
    list.push({ name, parameters: (at < 0 ? rest : rest.slice(0, at)).filter((part) => part !== ''), weight });
  }
  return list;
}

/** Section 12.4.2: at most three digits after the point. */
function weightOf(parameter: string): number | undefined {
  const match = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter);
  return match === null ? undefined : Number(match[1]);
}

/** The more a range says of a type, the higher; -1 if it does not match. */
function specificityOf({ name, parameters }: Member, essence: string, own: readonly string[]): number {
  if (name === '*/*') return 0;
  if (name.endsWith('/*')) return essence.startsWith(name.slice(0, -1)) ? 1 : -1;
  if (name !== essence || !parameters.every((parameter) => own.includes(parameter))) return -1;
  return 2 + parameters.length;
}

/** The element of the highest weight above 0; of several the first. */
function best(offered: readonly string[], weigh: (element: string) => number): string | undefined {
  let found: string | undefined;
  let highest = 0;
  for (const element of offered) {
    const weight = weigh(element);
    if (weight <= highest) continue;
    found = element;
    highest = weight;
  }
  return found;
}

/** Splits at a mark that does not stand within a quoted string. */
function split(text: string, mark: ',' | ';'): readonly string[] {
  if (!text.includes('"')) return text.split(mark);
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') isQuoted = !isQuoted;
    else if (char === '\\' && isQuoted) i++;
    else if (char === mark && !isQuoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
