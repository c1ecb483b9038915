/**
 * What may be shown of a logged value: secrets replaced, cycles cut, sizes bounded. The result is a plain tree of
 * strings, finite numbers, booleans, null, arrays and objects, whatever was given and however it was made.
 */
export type CleanValue =
  | string
  | number
  | boolean
  | null
  | readonly CleanValue[]
  | { readonly [key: string]: CleanValue };

/** Stands where a secret was. */
export const redacted = '[redacted]';

const maxDepth = 6;
const maxEntries = 100;
const maxTextLength = 8192;
/** Nodes of one field; bounds the work for a wide and deep value. */
const maxNodes = 1000;

/** A value under the name `key`: a secret's name hides it, whatever it is. */
export function cleanField(key: string, value: unknown): CleanValue {
  if (isSecretName(key)) return value === undefined || value === null ? null : redacted;
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean' || value === null) return value;
  return clean(value, { depth: 0, nodes: 0, above: [] });
}

/** Text without bearer tokens, JSON web tokens and passwords in URLs, and not longer than `limit` characters. */
export function cleanText(text: string, limit = maxTextLength): string {
  const short = text.length > limit ? `${text.slice(0, limit)}… (${text.length - limit} more characters)` : text;
  return mayHoldSecret(short) ? short.replace(secretText, replaceSecret) : short;
}

/**
 * Whether a field of this name holds a secret: one of its words (`accessToken`, `set-cookie`, `DB_PASSWORD`) says so.
 */
export function isSecretName(name: string): boolean {
  const known = names.get(name);
  if (known !== undefined) return known;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const secret = words.some((word) => secretWords.has(word)) || secretNames.test(words.join(''));
  if (names.size < maxKnownNames) names.set(name, secret);
  return secret;
}

const secretWords: ReadonlySet<string> = new Set(
  [
    'password passwords passwd pwd passphrase secret secrets token authorization cookie cookies apikey jwt bearer',
    'credential credentials otp cvv accesstoken refreshtoken idtoken authtoken clientsecret',
  ].flatMap((line) => line.split(' ')),
);
const secretNames = /(?:api|private|access|secret|signing|encryption)key$|sessionid$/;

/** A pure cache: the same name always gives the same answer. */
const names = new Map<string, boolean>();
const maxKnownNames = 2000;

/** What follows the scheme must look like one: with a digit, an upper case letter or a dot within. */
const secretText =
  /\b((?i:bearer|basic))\s+(?=\S*(?:[\dA-Z=_]|\.\w))[\w.~+/=-]{8,}|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|:\/\/[^\s/@:]*:[^\s/@]+@/g;

/** Searches for a fixed text are far cheaper than the expression, and nearly every text holds none of them. */
function mayHoldSecret(text: string): boolean {
  if (text.length < shortestSecret) return false;
  if (text.length <= maxLookedAt) return hasSign(text);
  return (
    text.includes('eyJ') ||
    text.includes('://') ||
    text.includes('earer ') ||
    text.includes('asic ') ||
    /BEARER|BASIC/.test(text)
  );
}

/** The same for a short text, in one look at its characters. It may say yes for nothing. */
function hasSign(text: string): boolean {
  let last = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // The signs of the table above: `eyJ`, `:/`, and the blank after `bearer` or `basic`.
    if (code === 0x4a && last === 0x79) return true;
    if (code === 0x2f && last === 0x3a) return true;
    if (code <= 0x20 && ((last | 0x20) === 0x72 || (last | 0x20) === 0x63)) return true;
    last = code;
  }
  return false;
}

const maxLookedAt = 64;

/** `x://a:b@` */
const shortestSecret = 9;

function replaceSecret(match: string, scheme: string | undefined): string {
  if (scheme !== undefined) return `${scheme} ${redacted}`;
  return match.startsWith('://') ? `://${redacted}@` : redacted;
}

interface Walk {
  readonly depth: number;
  nodes: number;
  readonly above: readonly object[];
}

function clean(value: unknown, walk: Walk): CleanValue {
  switch (typeof value) {
    case 'string':
      return cleanText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : cleanObject(value, walk);
    case 'function':
      return `[function ${value.name}]`;
    default:
      return String(value);
  }
}

function cleanObject(value: object, walk: Walk): CleanValue {
  if (walk.above.includes(value)) return '[cycle]';
  if (walk.depth >= maxDepth || walk.nodes > maxNodes) return '[more]';
  const below: Walk = { depth: walk.depth + 1, nodes: walk.nodes, above: [...walk.above, value] };
  try {
    return cleanKnown(value, below) ?? cleanEntries(Object.entries(value), below);
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : String(error)}]`;
  } finally {
    walk.nodes = below.nodes;
  }
}

function cleanKnown(value: object, walk: Walk): CleanValue | undefined {
  if (Array.isArray(value)) return cleanItems(value, walk);
  if (value instanceof Error) return { name: value.name, message: cleanText(value.message) };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Map)
    return cleanEntries(
      [...value].map(([key, item]) => [String(key), item]),
      walk,
    );
  if (value instanceof Set) return cleanItems([...value], walk);
  if (ArrayBuffer.isView(value)) return `[${value.constructor.name} of ${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return clean(value.toJSON(), walk);
  return undefined;
}

function cleanItems(items: readonly unknown[], walk: Walk): CleanValue {
  walk.nodes += Math.min(items.length, maxEntries);
  const list = items.slice(0, maxEntries).map((item) => clean(item, walk));
  return items.length > maxEntries ? [...list, `[${items.length - maxEntries} more]`] : list;
}

function cleanEntries(entries: readonly (readonly [string, unknown])[], walk: Walk): CleanValue {
  walk.nodes += Math.min(entries.length, maxEntries);
  const result: Record<string, CleanValue> = {};
  for (const [key, item] of entries.slice(0, maxEntries)) {
    const name = key === '__proto__' ? '__proto__ ' : key;
    result[name] = isSecretName(key) ? redacted : clean(item, walk);
  }
  if (entries.length > maxEntries) result['[more]'] = entries.length - maxEntries;
  return result;
}
