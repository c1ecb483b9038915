/** What the first bytes of a connection say of one protocol: it is that, it cannot be, or more bytes are needed. */
export type Match = 'yes' | 'no' | 'more';

/** Pure; called with all bytes that have come, from one on, each time more have come. Must say `no` as early as it can. */
export type Matcher = (bytes: Uint8Array) => Match;

/** Bytes that every connection of the protocol begins with. Text is Latin-1. */
export function magic(bytes: Uint8Array | string): Matcher {
  const wanted = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
  if (wanted.length === 0) throw new RangeError('magic: there are no bytes to look for; use anything()');
  return (seen) => {
    const length = Math.min(seen.length, wanted.length);
    for (let index = 0; index < length; index++) if (seen[index] !== wanted[index]) return 'no';
    return length === wanted.length ? 'yes' : 'more';
  };
}

/** HTTP/2 without TLS: the preface of RFC 9113, section 3.4. */
export const http2Preface: Matcher = magic('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A TLS ClientHello: a handshake record (RFC 8446, section 5.1) of a version 3.x with a message of type 1. */
export const tlsClientHello: Matcher = (bytes) => {
  if (bytes[0] !== 0x16) return 'no';
  if (bytes.length > 1 && bytes[1] !== 0x03) return 'no';
  if (bytes.length < 6) return 'more';
  return bytes[5] === 0x01 ? 'yes' : 'no';
};

const longestMethod = 24;

/**
 * HTTP/1.x: a method in capital letters and a space (RFC 9112, section 3). Not the preface of HTTP/2, which has that form
 * too. Other methods are valid but used by nobody: where anything else is to be answered as bad HTTP, use `anything`.
 */
export const http1: Matcher = (bytes) => {
  const length = Math.min(bytes.length, longestMethod + 1);
  for (let index = 0; index < length; index++) {
    const byte = bytes[index]!;
    if (byte === 0x20) return index === 0 || isPri(bytes, index) ? 'no' : 'yes';
    if (!((byte >= 0x41 && byte <= 0x5a) || byte === 0x2d)) return 'no';
  }
  return bytes.length > longestMethod ? 'no' : 'more';
};

/** For what no other protocol wants: the last of a list. */
export const anything: Matcher = () => 'yes';

function isPri(bytes: Uint8Array, length: number): boolean {
  return length === 3 && bytes[0] === 0x50 && bytes[1] === 0x52 && bytes[2] === 0x49;
}

/**
 * The index of the first matcher that says yes, unless one before it may still do so. Undefined: more bytes are needed; -1:
 * none matches.
 */
export function recognize(matchers: readonly Matcher[], bytes: Uint8Array): number | undefined {
  for (let index = 0; index < matchers.length; index++) {
    const match = matchers[index]!(bytes);
    if (match === 'yes') return index;
    if (match === 'more') return undefined;
  }
  return -1;
}
