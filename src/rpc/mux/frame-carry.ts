import { codes, headerBytes, MuxViolation, maxPayloadBytes } from './protocol.ts';

/** Keeps the beginning of a frame until the rest of it has come. */
export class FrameCarry {
  /** How much is kept; 0: nothing. */
  length = 0;
  readonly #header = Buffer.alloc(headerBytes);
  #frame: Buffer | undefined;

  /** Takes of `chunk`, from `at` on, what belongs to the frame. Answers where the rest begins. */
  add(chunk: Uint8Array, at: number): number {
    let next = at;
    if (this.#frame === undefined) {
      next = Math.min(at + headerBytes - this.length, chunk.length);
      this.#header.set(chunk.subarray(at, next), this.length);
      this.length += next - at;
      if (this.length < headerBytes) return next;
      const size = this.#header.readUIntBE(0, 3);
      if (size > maxPayloadBytes) throw frameTooLong(size);
      this.#frame = Buffer.allocUnsafeSlow(headerBytes + size);
      this.#frame.set(this.#header);
    }
    const start = next;
    next = Math.min(start + this.#frame.length - this.length, chunk.length);
    this.#frame.set(chunk.subarray(start, next), this.length);
    this.length += next - start;
    return next;
  }

  /** The frame, once it is whole. */
  take(): Buffer | undefined {
    const frame = this.#frame;
    if (frame === undefined || this.length < frame.length) return undefined;
    this.#frame = undefined;
    this.length = 0;
    return frame;
  }
}

export function frameTooLong(size: number): MuxViolation {
  return new MuxViolation(codes.tooLarge, `a frame of ${size} bytes; at most ${maxPayloadBytes} are allowed`);
}
