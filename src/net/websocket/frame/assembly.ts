import { Utf8Check } from './utf8-check.ts';

/** Less is not worth growing from. */
const leastCapacity = 512;

/**
 * A message that came in parts. It never holds more than twice what came: a frame that announces a megabyte and brings a
 * byte costs a byte, and a megabyte that comes byte by byte costs a megabyte, not a million little buffers.
 */
export class Assembly {
  declare private buffer: Buffer;
  declare size: number;
  /** Undefined where the bytes are no text, or not yet. */
  declare private readonly utf8: Utf8Check | undefined;

  constructor(isText: boolean) {
    this.buffer = none;
    this.size = 0;
    this.utf8 = isText ? new Utf8Check() : undefined;
  }

  /** Copies them; the message will not be longer than `most`. False: they are part of a text and not UTF-8. */
  add(bytes: Uint8Array, start: number, end: number, most: number): boolean {
    if (this.utf8?.push(bytes, start, end) === false) return false;
    const size = this.size + end - start;
    if (size > this.buffer.length) this.#grow(size, most);
    this.buffer.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.size);
    this.size = size;
    return true;
  }

  /** Whether a text may end here. */
  get isComplete(): boolean {
    return this.utf8 === undefined || this.utf8.isComplete;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.size);
  }

  #grow(size: number, most: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(2 * size, leastCapacity), most));
    this.buffer.copy(grown, 0, 0, this.size);
    this.buffer = grown;
  }
}

const none = Buffer.alloc(0);
