/**
 * The bytes that a decoder has not consumed, as one window to read from: `bytes` from `position` to `end`.
 *
 * A message that came in one chunk is a view of that chunk. One that came in pieces is put together in a buffer that
 * doubles as bytes come, up to what was asked for: so every byte is copied a small number of times, a peer that announces
 * much and sends little costs little, and a message in single bytes does not cost an object for each.
 */
export class ByteWindow {
  bytes: Buffer;
  position: number;
  end: number;
  /** What came after the window. */
  declare private rest: Buffer | undefined;
  /** The window is our own buffer: bytes may be appended behind `end`, but what lies before `position` was given away. */
  declare private isOwn: boolean;

  constructor() {
    this.bytes = empty;
    this.position = 0;
    this.end = 0;
    this.rest = undefined;
    this.isOwn = false;
  }

  /** How many bytes are in the window. */
  get length(): number {
    return this.end - this.position;
  }

  /** What came last and is not in the window. */
  get incoming(): Buffer | undefined {
    return this.rest;
  }

  push(chunk: Uint8Array): void {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.position === this.end) this.#replace(buffer);
    else this.rest = this.rest === undefined ? buffer : Buffer.concat([this.rest, buffer]);
  }

  /** Whether `count` bytes are in the window, with those that came after it. `most` is what may be asked for later. */
  has(count: number, most = count): boolean {
    if (this.end - this.position >= count) return true;
    if (this.rest !== undefined) {
      this.#append(this.rest, count, most);
      if (this.end - this.position >= count) return true;
    }
    this.release();
    return false;
  }

  /** More is waited for: a few bytes must not keep a large chunk alive. */
  release(): void {
    const held = this.end - this.position;
    if (held === 0) this.bytes = empty;
    else if (!this.isOwn && this.bytes.buffer.byteLength > 4 * held + leastCapacity) this.#own(held + leastCapacity);
  }

  /** A view of the next `count` bytes, which must be in the window. It belongs to the caller. */
  take(count: number): Buffer {
    const { bytes, position } = this;
    this.skip(count);
    return bytes.subarray(position, position + count);
  }

  /** Leaves out the next `count` bytes, which must be in the window. */
  skip(count: number): void {
    this.position += count;
    if (this.position === this.end) this.#replace(this.rest ?? empty);
  }

  #replace(bytes: Buffer): void {
    this.bytes = bytes;
    this.position = 0;
    this.end = bytes.length;
    this.rest = undefined;
    this.isOwn = false;
  }

  /** Moves as much of `rest` as is needed behind the window. */
  #append(rest: Buffer, count: number, most: number): void {
    const held = this.end - this.position;
    const added = Math.min(count - held, rest.length);
    if (!this.isOwn || this.end + added > this.bytes.length) {
      this.#own(Math.max(held + added, Math.min(most, Math.max(2 * held, leastCapacity))));
    }
    rest.copy(this.bytes, this.end, 0, added);
    this.end += added;
    this.rest = added === rest.length ? undefined : rest.subarray(added);
  }

  #own(capacity: number): void {
    const own = Buffer.allocUnsafeSlow(capacity);
    const held = this.bytes.copy(own, 0, this.position, this.end);
    this.bytes = own;
    this.position = 0;
    this.end = held;
    this.isOwn = true;
  }
}

const leastCapacity = 256;
const empty = Buffer.alloc(0);
