/** How much may wait before the socket is read no more. */
const fullBytes = 64 << 10;
/** Small pieces cost memory beside their bytes. */
const fullChunks = 16;

/** Chunks that came and cannot be decoded yet. Holds no more than `isFull` says, and the chunk that made it full. */
export class ChunkQueue {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#bytes >= fullBytes || this.#chunks.length >= fullChunks;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  shift(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.length ?? 0;
    return chunk;
  }
}
