import { wireNames } from '../../../call/index.ts';
import { lowerToken } from './byte-classes.ts';

/** The headers that frame messages or say what becomes of a connection: the parsers read them while they scan. */
export const framing = {
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  expect: 5,
  upgrade: 6,
} as const;
export const framingCount = 6;

/**
 * Names that are looked for in most messages. Each has a bit: whether a head has it is one test. The framing names come
 * first, in the order of {@link framing}. At most 31.
 */
export const watchedNames: readonly string[] = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
  ...Object.values(wireNames),
  'accept',
  'accept-encoding',
  'authorization',
  'content-encoding',
  'content-type',
  'cookie',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'origin',
  'range',
  'user-agent',
];

/** A mark is one small integer: the position of a line in these many bits, above it the last bits of the hash of its name. */
export const positionBits = 19;
export const positionMask: number = (1 << positionBits) - 1;

export const hashSeed = 5381;

/** How the hash of a name goes on by one lower-case character. The field scanner has it inline. */
function hashStep(hash: number, code: number): number {
  return (Math.imul(hash, 33) ^ code) | 0;
}

export const slotMask = 1023;
/** By the last bits of a hash: the watched name that may have it, from 1; 0 for none. */
export const watchedSlot: Uint8Array = new Uint8Array(slotMask + 1);
/** The hashes of the watched names, from 1. */
export const watchedHash: Int32Array = new Int32Array(watchedNames.length + 1);
for (const [index, name] of watchedNames.entries()) {
  const hash = hashOf(name);
  watchedSlot[hash & slotMask] = index + 1;
  watchedHash[index + 1] = hash;
}

/** The name of a header, prepared for look-ups: make it once, not per request. Throws a TypeError if it is no token. */
export class HeaderName {
  /** In lower case. */
  readonly name: string;
  readonly hash: number;
  /** What the marks of {@link Fields} keep of the hash. */
  readonly tag: number;
  /** The bit of a watched name; 0 for others. */
  readonly bit: number;

  constructor(name: string) {
    const lower = name.toLowerCase();
    if (!isToken(lower)) throw new TypeError(`a header name is one token (RFC 9110), not ${JSON.stringify(name)}`);
    this.name = lower;
    this.hash = hashOf(lower);
    this.tag = this.hash << positionBits;
    const index = watchedNames.indexOf(lower);
    this.bit = index < 0 ? 0 : 1 << (index + 1);
  }
}

/** The watched names by themselves. */
export const watched: ReadonlyMap<string, HeaderName> = new Map(
  watchedNames.map((name) => [name, new HeaderName(name)]),
);

/** One mask for several watched names, for `hasAny`. Throws a TypeError for a name that is not watched. */
export function maskOf(names: readonly HeaderName[]): number {
  let mask = 0;
  for (const { name, bit } of names) {
    if (bit === 0) throw new TypeError(`the header ${name} is not watched`);
    mask |= bit;
  }
  return mask;
}

/** The hash of a lower-case name; anything else gives some number. */
export function hashOf(name: string): number {
  let hash = hashSeed;
  for (let i = 0; i < name.length; i++) hash = hashStep(hash, name.charCodeAt(i));
  return hash;
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if ((lowerToken[text.charCodeAt(i)] ?? 0) === 0) return false;
  return text !== '';
}
