/** How much may wait before the socket is read no more. */
const fullBytes = 64 << 10;
/** Small pieces cost memory beside their bytes. */
const fullChunks = 16;

/** Chunks that came and cannot be decoded yet. Holds no more than `isFull` says, and the chunk that made it full. */
export class ChunkQueue {
  #chunks: Uint8Array[] | undefined;
  #first = 0;
  #bytes = 0;

  get isFull(): boolean {
    return this.#bytes >= fullBytes || (this.#chunks !== undefined && this.#chunks.length - this.#first >= fullChunks);
  }

  push(chunk: Uint8Array): void {
    this.#chunks ??= [];
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  shift(): Uint8Array | undefined {
    if (this.#chunks === undefined) return undefined;
    const chunk = this.#chunks[this.#first++];
    if (chunk === undefined || this.#first === this.#chunks.length) this.#chunks = undefined;
    if (this.#chunks === undefined) this.#first = 0;
    this.#bytes -= chunk?.length ?? 0;
    return chunk;
  }

  clear(): void {
    this.#chunks = undefined;
    this.#first = 0;
    this.#bytes = 0;
  }
}
