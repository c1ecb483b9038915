/** One value: text in printable ASCII; bytes under a name that ends in `-bin`. */
export type MetadataValue = string | Uint8Array;

/** Values by name, in any case; a list gives a name several values. */
export type MetadataInit = Readonly<Record<string, MetadataValue | readonly MetadataValue[]>>;

/**
 * What a call has to say beside its message and its fields, by name: headers and trailers of a program's own. Names are told in
 * lower case. Text that came several times under one name is joined with `, `, as in HTTP.
 */
export class Metadata implements Iterable<readonly [name: string, text: string]> {
  /** Name and text in turn, valid. */
  readonly #pairs: readonly string[];

  /** Not for programs: see {@link metadataPairs} and {@link metadataOfWire}. */
  constructor(pairs: readonly string[]) {
    this.#pairs = pairs;
  }

  /** How many values there are. */
  get size(): number {
    return this.#pairs.length / 2;
  }

  /** The text of a name, in any case. Throws a TypeError for one that ends in `-bin`. */
  get(name: string): string | undefined {
    if (isBinary(name)) throw new TypeError(`metadata "${name}" has bytes: read it with bytes("${name}")`);
    const all = this.#all(name);
    return all.length === 0 ? undefined : all.join(', ');
  }

  /** The first value of a name that ends in `-bin`; undefined, too, if it is not base64. Throws a TypeError for another name. */
  bytes(name: string): Uint8Array | undefined {
    return this.allBytes(name)[0];
  }

  /** All values of a name that ends in `-bin`, without those that are not base64. */
  allBytes(name: string): readonly Uint8Array[] {
    if (!isBinary(name)) throw new TypeError(`metadata "${name}" has text: read it with get("${name}")`);
    return this.#all(name)
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((text) => base64.test(text))
      .map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  }

  /** Each value as it goes over the wire: of `-bin` names in base64. */
  *[Symbol.iterator](): Generator<readonly [name: string, text: string]> {
    for (let at = 0; at < this.#pairs.length; at += 2) yield [this.#pairs[at]!, this.#pairs[at + 1]!];
  }

  #all(name: string): string[] {
    const lower = name.toLowerCase();
    return this.#pairs.filter((_, index, pairs) => index % 2 === 1 && pairs[index - 1] === lower);
  }
}

/** No values: the one for all calls without metadata. */
export const noMetadata = new Metadata([]);

/** Values that one side may give a call, and their bytes with the names. */
const maxValues = 64;
const maxBytes = 8_192;

/**
 * What is given on this side, checked and added to what there is, whose values of the same names it replaces: name and text in
 * turn. Throws a TypeError for a name or value that cannot be sent or is the transport's, and a RangeError for more than 64
 * values or 8,192 bytes.
 */
export function metadataPairs(init: MetadataInit, present: readonly string[] = []): readonly string[] {
  const given: string[] = [];
  const names = new Set<string>();
  for (const [name, value] of Object.entries(init)) {
    const lower = checkedName(name);
    names.add(lower);
    for (const one of typeof value === 'string' || value instanceof Uint8Array ? [value] : value)
      given.push(lower, textOf(lower, one));
  }
  const kept = present.filter((_, index) => !names.has(present[index & ~1]!));
  const pairs = [...kept, ...given];
  const bytes = pairs.reduce((sum, text) => sum + text.length, 0);
  if (pairs.length / 2 > maxValues || bytes > maxBytes)
    throw new RangeError(
      `metadata of ${pairs.length / 2} values and ${bytes} bytes; a call takes ${maxValues} and ${maxBytes}`,
    );
  return pairs;
}

/** What came over a wire, without what is the transport's, the fields, and what no peer may send. */
export function metadataOfWire(entries: Iterable<readonly [string, string]>): Metadata {
  const pairs: string[] = [];
  for (const [name, text] of entries) if (isMetadataName(name) && printable.test(text)) pairs.push(name, text);
  return pairs.length === 0 ? noMetadata : new Metadata(pairs);
}

/** Whether a header, by its lower-case name, is a program's: neither one of the transport nor one of the fields. */
export function isMetadataName(name: string): boolean {
  return validName.test(name) && !reserved.has(name) && !reservedStart.test(name);
}

function checkedName(name: string): string {
  const lower = name.toLowerCase();
  if (!validName.test(lower))
    throw new TypeError(`metadata name ${JSON.stringify(name)}: it must be letters, digits, "-", "_" and "."`);
  if (!isMetadataName(lower)) throw new TypeError(`metadata name "${lower}" belongs to the transport or to the fields`);
  return lower;
}

function textOf(name: string, value: MetadataValue): string {
  if (isBinary(name)) {
    if (!(value instanceof Uint8Array))
      throw new TypeError(`metadata "${name}" must be a Uint8Array: it ends in "-bin"`);
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64').replace(/=+$/, '');
  }
  if (typeof value === 'string' && sendable.test(value)) return value;
  throw new TypeError(
    `metadata "${name}" must be printable ASCII without spaces at its ends; send bytes as "${name}-bin"`,
  );
}

function isBinary(name: string): boolean {
  return /-bin$/i.test(name);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const validName = /^[0-9a-z_.-]{1,256}$/;
/** Of text that came: no control characters, which headers cannot have either. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const printable = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;
/** "ASCII-Value" of gRPC over HTTP/2; spaces at the ends are lost on the way. */
const sendable = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/;
const reservedStart = /^(?:grpc-|connect-|flotilla-|trailer-|content-|proxy-)/;
const reserved: ReadonlySet<string> = new Set([
  ...['accept', 'accept-encoding', 'connection', 'date', 'expect', 'host', 'http2-settings', 'keep-alive'],
  ...[
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'x-grpc-web',
    'traceparent',
    'tracestate',
    'baggage',
    'retry-after',
  ],
]);
