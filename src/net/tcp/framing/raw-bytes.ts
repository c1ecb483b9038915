import type { FrameCodec, FrameDecoder } from './frame-codec.ts';

/** No frames: bytes as they come, in pieces that mean nothing. Strings are written as UTF-8. */
export function rawBytes(): FrameCodec<Buffer, Uint8Array | string> {
  return {
    decoder: () => new RawDecoder(),
    encode: (bytes, sink) => sink.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
  };
}

class RawDecoder implements FrameDecoder<Buffer> {
  readonly partialBytes = 0;
  #chunk: Buffer | undefined;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunk = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }

  next(): Buffer | undefined {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    return chunk;
  }

  end(): undefined {}
}
