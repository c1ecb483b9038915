import { isUtf8 } from 'node:buffer';

/**
 * Whether bytes that come in parts are UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). A byte
 * that cannot be is refused when it comes, not when the message is complete.
 */
export class Utf8Check {
  /** How many bytes the last code point still needs, and what the next of them may be. */
  declare private missing: number;
  declare private low: number;
  declare private high: number;

  constructor() {
    this.missing = 0;
    this.low = 0x80;
    this.high = 0xbf;
  }

  /** Whether the text may end here. */
  get isComplete(): boolean {
    return this.missing === 0;
  }

  /** False: this can never become UTF-8. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (this.missing > 0 && at < end) if (!this.#follow(bytes[at++]!)) return false;
    if (at === end) return true;
    const cut = startOfLast(bytes, at, end);
    if (cut > at && !isUtf8(bytes.subarray(at, cut))) return false;
    if (cut === end) return true;
    this.#lead(bytes[cut]!);
    for (at = cut + 1; at < end; at++) if (!this.#follow(bytes[at]!)) return false;
    return true;
  }

  #follow(byte: number): boolean {
    if (byte < this.low || byte > this.high) return false;
    this.missing--;
    this.low = 0x80;
    this.high = 0xbf;
    return true;
  }

  /** The first byte of a code point narrows what the second may be: RFC 3629 section 4. */
  #lead(byte: number): void {
    this.missing = lengthOf(byte) - 1;
    if (byte === 0xe0) this.low = 0xa0;
    else if (byte === 0xed) this.high = 0x9f;
    else if (byte === 0xf0) this.low = 0x90;
    else if (byte === 0xf4) this.high = 0x8f;
  }
}

/** Where the last code point begins, if it is not complete; else `end`. */
function startOfLast(bytes: Uint8Array, start: number, end: number): number {
  const least = Math.max(start, end - 3);
  for (let at = end - 1; at >= least; at--) {
    const byte = bytes[at]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return at + lengthOf(byte) > end ? at : end;
  }
  return end;
}

/** By the first byte; 1 for one that can be no first byte of several. */
function lengthOf(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
