import { Buffer } from 'node:buffer';

const firstSize = 512;

/** The beginning of a section that came in pieces. It doubles, so that many small pieces cost no more than one large one. */
export class KeptBytes {
  bytes: Buffer = Buffer.allocUnsafeSlow(firstSize);
  size = 0;

  /** Copies a part of a chunk behind what is there. */
  append(chunk: Uint8Array, from: number, to: number): void {
    const size = this.size + to - from;
    if (size > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(size, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
    }
    this.bytes.set(chunk.subarray(from, to), this.size);
    this.size = size;
  }
}
