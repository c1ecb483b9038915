import type { MuxStream } from './mux-stream.ts';

/** A power of two. */
const firstSlots = 128;

/**
 * The open streams of a connection by their ids: open addressing, at most half full, in one array that stays. Ids are given out
 * one after the other, so most streams lie where they belong.
 *
 * Not a Map: V8 renews the table of one every hundred insertions or so, and the old one points to the new one. Once one of them
 * was moved to old space by a full collection, all that come after it are kept by the young one's, with the streams that
 * were in them: then a call costs several times as much.
 */
export class StreamTable {
  #slots: (MuxStream | undefined)[] = new Array(firstSlots).fill(undefined);
  #mask = firstSlots - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): MuxStream | undefined {
    const slots = this.#slots;
    for (let at = id & this.#mask; ; at = (at + 1) & this.#mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** There must be none of its id. */
  add(stream: MuxStream): void {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    this.#size++;
    this.#put(stream);
  }

  /** Does nothing if it is not there. */
  delete(stream: MuxStream): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let free = stream.id & mask;
    while (slots[free] !== stream) {
      if (slots[free] === undefined) return;
      free = (free + 1) & mask;
    }
    this.#size--;
    slots[free] = undefined;
    // Those behind it that could not lie where they belong move up, so that they are still found.
    for (let at = (free + 1) & mask; slots[at] !== undefined; at = (at + 1) & mask) {
      const home = slots[at]!.id & mask;
      if (((at - home) & mask) < ((at - free) & mask)) continue;
      slots[free] = slots[at];
      slots[at] = undefined;
      free = at;
    }
  }

  /** All of them, in no order. */
  values(): MuxStream[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  #put(stream: MuxStream): void {
    let at = stream.id & this.#mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & this.#mask;
    this.#slots[at] = stream;
  }

  #grow(): void {
    const all = this.values();
    this.#slots = new Array(2 * this.#slots.length).fill(undefined);
    this.#mask = this.#slots.length - 1;
    for (const stream of all) this.#put(stream);
  }
}
