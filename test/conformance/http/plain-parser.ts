/**
 * HTTP/1.1 requests by regular expressions over the whole text at once: slow and plain, to check the parser of the server
 * against. It knows the same rules and limits and shares no code with it.
 */

export interface PlainLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxTargetBytes: number;
  readonly maxChunkExtensionBytes: number;
  readonly maxTrailerBytes: number;
}

/** One request as far as it came. */
export interface Observed {
  readonly head: string;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  /** One character per byte. */
  readonly body: string;
  readonly trailers: readonly string[];
  readonly isComplete: boolean;
}

export interface Observation {
  readonly messages: readonly Observed[];
  /** What follows them: nothing, a part of a head or of a body, or what is refused with a status. */
  readonly outcome: 'idle' | 'head' | 'body' | number;
}

const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]";
export const value = '[\\t\\x20-\\x7e\\x80-\\xff]';
const target = '[!"$-~]';
const quoted = `"(?:[\\t\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\${value})*"`;

export class Refused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`refused with ${status}`);
    this.status = status;
  }
}

/** What the text is, one character per byte. */
export function plainParse(text: string, limits: PlainLimits): Observation {
  const messages: Observed[] = [];
  let rest = text;
  let partial: Observed | undefined;
  try {
    for (;;) {
      if (rest === '\r') return { messages, outcome: 'head' };
      if (rest.startsWith('\r\n')) rest = rest.slice(2);
      if (rest === '') return { messages, outcome: 'idle' };
      if (rest.startsWith('\r')) throw new Refused(400);
      const head = plainHead(rest, limits);
      if (head === undefined) return { messages, outcome: 'head' };
      rest = rest.slice(head.length);
      partial = { head: head.summary, fields: head.fields, body: '', trailers: [], isComplete: false };
      const body = head.isChunked ? new PlainChunks(rest, limits) : sized(rest, head.contentLength);
      partial = { ...partial, body: body.content };
      body.check?.();
      if (body.length === undefined) return { messages: [...messages, partial], outcome: 'body' };
      messages.push({ ...partial, trailers: body.trailers, isComplete: true });
      partial = undefined;
      rest = rest.slice(body.length);
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { messages: partial === undefined ? messages : [...messages, partial], outcome: error.status };
  }
}

interface PlainHead {
  readonly length: number;
  readonly summary: string;
  readonly fields: readonly string[];
  readonly isChunked: boolean;
  readonly contentLength: number;
}

/** Undefined: not complete, but nothing is wrong so far. */
function plainHead(rest: string, limits: PlainLimits): PlainHead | undefined {
  const text = rest.slice(0, limits.maxHeaderBytes);
  const line = plainLine(text, limits);
  const section = line && plainFields(text.slice(line.length), limits.maxHeaders, false);
  if (line === undefined || section === undefined) {
    if (text.length === limits.maxHeaderBytes) throw new Refused(431);
    return undefined;
  }
  return {
    length: line.length + section.length,
    summary: checkedSummary(line, section),
    fields: section.fields,
    isChunked: section.has('transfer-encoding'),
    contentLength: Number(section.get('content-length') ?? 0),
  };
}

interface PlainLine {
  readonly length: number;
  readonly method: string;
  readonly target: string;
  readonly minor: number;
}

function plainLine(text: string, { maxTargetBytes }: PlainLimits): PlainLine | undefined {
  if (new RegExp(`^${token}{33}`).test(text)) throw new Refused(501);
  if (new RegExp(`^${token}+ ${target}{${maxTargetBytes + 1}}`).test(text)) throw new Refused(414);
  const found = new RegExp(`^(${token}+) (${target}+) HTTP/1\\.([01])\r\n`).exec(text);
  if (found !== null) {
    return { length: found[0].length, method: found[1]!, target: found[2]!, minor: Number(found[3]) };
  }
  if (new RegExp(`^${token}+ ${target}+ HTTP/(?:[02-9]|1\\.[2-9])`).test(text)) throw new Refused(505);
  const isBegun = new RegExp(`^(?:${token}+(?: ${target}*)?)?$`).test(text);
  const version = new RegExp(`^${token}+ ${target}+ (.*)$`, 's').exec(text)?.[1];
  const isInVersion =
    version !== undefined && ['HTTP/1.0\r\n', 'HTTP/1.1\r\n'].some((whole) => whole.startsWith(version));
  if (!isBegun && !isInVersion) throw new Refused(400);
  return undefined;
}

export class PlainSection {
  readonly length: number;
  readonly fields: readonly string[];

  constructor(length: number, fields: readonly string[]) {
    this.length = length;
    this.fields = fields;
  }

  all(name: string): readonly string[] {
    return this.fields.filter((_, i) => i % 2 === 1 && this.fields[i - 1]!.toLowerCase() === name);
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }
}

export function plainFields(text: string, maxHeaders: number, isTrailer: boolean): PlainSection | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    if (rest.startsWith('\r\n')) return new PlainSection(at + 2, fields);
    if (new RegExp(`^${token}+:`).test(rest) && fields.length === 2 * maxHeaders) throw new Refused(431);
    const line = new RegExp(`^(${token}+):[ \\t]*(${value}*)\r\n`).exec(rest);
    if (line === null) {
      if (new RegExp(`^(?:\r|${token}+(?::${value}*\r?)?)?$`).test(rest)) return undefined;
      throw new Refused(400);
    }
    fields.push(line[1]!, line[2]!.replace(/[ \t]+$/, ''));
    if (/^(?:content-length|transfer-encoding):(?: *\t|.*[^ \t] *\t[ \t]*\r)/i.test(line[0])) throw new Refused(400);
    checkFraming(new PlainSection(0, fields), line[1]!.toLowerCase(), isTrailer);
    at += line[0].length;
  }
}

const framing = ['host', 'content-length', 'transfer-encoding', 'connection', 'expect', 'upgrade'];

/** Looks at the field that came last. */
function checkFraming(section: PlainSection, name: string, isTrailer: boolean): void {
  if (isTrailer && framing.includes(name)) throw new Refused(400);
  const values = section.all(name);
  const last = values.at(-1)!;
  if (['host', 'content-length', 'transfer-encoding'].includes(name) && values.length > 1) throw new Refused(400);
  if (name === 'content-length' || name === 'transfer-encoding') {
    if (section.has('content-length') && section.has('transfer-encoding')) throw new Refused(400);
  }
  if (name === 'content-length' && !(/^\d+$/.test(last) && Number(last) < 2 ** 53)) throw new Refused(400);
  if (name === 'transfer-encoding' && last.toLowerCase() !== 'chunked') {
    const codings = last.toLowerCase().split(/[ \t]*,[ \t]*/);
    const isKnown = codings.pop() === 'chunked' && codings.every((coding) => /^(?!chunked)[a-z-]+$/.test(coding));
    throw new Refused(isKnown ? 501 : 400);
  }
}

function checkedSummary(line: PlainLine, section: PlainSection): string {
  const { method, target: to, minor } = line;
  const host = section.get('host');
  const hasBody = section.has('content-length') || section.has('transfer-encoding');
  const isBad =
    (host !== undefined && !isHost(host)) ||
    (host === undefined && minor === 1) ||
    (section.has('transfer-encoding') && minor === 0) ||
    (method === 'CONNECT' && hasBody) ||
    !isTarget(method, to, host);
  if (isBad) throw new Refused(400);
  const options = connectionOptions(section);
  const isKept = !options.includes('close') && (minor === 1 || options.includes('keep-alive'));
  const isUpgrade = minor === 1 && options.includes('upgrade') && section.all('upgrade').some((name) => name !== '');
  const expected = minor === 1 ? section.all('expect').map((expectation) => expectation.toLowerCase()) : [];
  const isMet = expected.length === 1 && expected[0] === '100-continue';
  const facts = [isKept && 'keep', isUpgrade && 'upgrade', expected.length > 0 && (isMet ? 'continue' : 'expect')];
  return [method, to, `1.${minor}`, host ?? '', ...facts.filter((fact) => fact !== false)].join(' ');
}

export function connectionOptions(section: PlainSection): readonly string[] {
  const elements = section.all('connection').flatMap((list) => list.split(','));
  return elements.map((option) => option.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase());
}

function isHost(host: string): boolean {
  return (
    /^(?:[A-Za-z0-9._~!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host) && URL.canParse(`http://${host}/`)
  );
}

function isTarget(method: string, to: string, host: string | undefined): boolean {
  if (method === 'CONNECT') return isHost(to) && /:\d+$/.test(to);
  if (to.startsWith('/')) return true;
  if (to === '*') return method === 'OPTIONS';
  const authority = /^https?:\/\/([^/?]+)/i.exec(to)?.[1];
  return authority !== undefined && isHost(authority) && (host ?? authority).toLowerCase() === authority.toLowerCase();
}

export interface PlainBody {
  readonly content: string;
  /** Undefined where more is to come. */
  readonly length: number | undefined;
  readonly trailers: readonly string[];
  /** Throws if the body is refused, after its content has been taken. */
  check?(): void;
}

export function sized(rest: string, length: number): PlainBody {
  return { content: rest.slice(0, length), length: rest.length < length ? undefined : length, trailers: [] };
}

export class PlainChunks implements PlainBody {
  content = '';
  length: number | undefined;
  trailers: readonly string[] = [];
  readonly #limits: PlainLimits;
  #rest: string;
  #at = 0;
  #extensionBytes = 0;
  #refused: unknown;

  constructor(text: string, limits: PlainLimits) {
    this.#limits = limits;
    this.#rest = text;
    try {
      this.length = this.#read();
    } catch (error) {
      this.#refused = error;
    }
  }

  check(): void {
    if (this.#refused !== undefined) throw this.#refused;
  }

  #read(): number | undefined {
    for (;;) {
      const size = this.#readSize();
      if (size === undefined) return undefined;
      if (size === 0) break;
      this.content += this.#rest.slice(0, size);
      const end = this.#rest.slice(size, size + 2);
      this.#skip(size);
      if (!'\r\n'.startsWith(end)) throw new Refused(400);
      if (end !== '\r\n') return undefined;
      this.#skip(2);
    }
    const text = this.#rest.slice(0, this.#limits.maxTrailerBytes);
    const section = plainFields(text, this.#limits.maxHeaders, true);
    if (section === undefined && text.length === this.#limits.maxTrailerBytes) throw new Refused(431);
    this.trailers = section?.fields ?? [];
    return section && this.#at + section.length;
  }

  #readSize(): number | undefined {
    const digits = /^[0-9A-Fa-f]*/.exec(this.#rest)![0];
    if (digits.length > 13) throw new Refused(400);
    if (digits.length === this.#rest.length) return undefined;
    if (digits.length === 0) throw new Refused(400);
    this.#skip(digits.length);
    const extension = `;${token}+(?:=(?:${token}+|${quoted}))?`;
    const whole = new RegExp(`^(?:${extension})*(?=\r)`).exec(this.#rest)?.[0];
    this.#checkExtensions(extension, whole);
    if (whole === undefined) return undefined;
    this.#skip(whole.length);
    if (!'\r\n'.startsWith(this.#rest.slice(0, 2))) throw new Refused(400);
    if (this.#rest.length < 2) return undefined;
    this.#skip(2);
    return Number.parseInt(digits, 16);
  }

  /** Refuses them at the first character that is too much, or wrong. */
  #checkExtensions(extension: string, whole: string | undefined): void {
    const quotes = quoted.slice(0, -1);
    const begun = new RegExp(`^(?:${extension})*(?:;${token}*|;${token}+=(?:${token}*|${quotes}\\\\?))?$`);
    const text = whole ?? this.#rest;
    if (!/^[;\r]/.test(this.#rest)) throw new Refused(400);
    const most = this.#limits.maxChunkExtensionBytes - this.#extensionBytes;
    for (let length = 1; length <= text.length; length++) {
      const isEnd = text[length - 1] === '\r';
      if (length > most && !isEnd) throw new Refused(413);
      if (!begun.test(text.slice(0, length))) throw new Refused(400);
    }
    this.#extensionBytes += text.length;
  }

  #skip(length: number): void {
    this.#rest = this.#rest.slice(length);
    this.#at += length;
  }
}
