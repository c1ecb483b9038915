/** A queue in an array that grows by doubling and never shrinks. It has no bound: whoever uses it keeps one. */
export class Ring<T> {
  #slots: (T | undefined)[] = [];
  /** The slots are a power of two, so that an index wraps with one `and`. */
  #mask = -1;
  #first = 0;
  length = 0;

  push(item: T): void {
    if (this.length > this.#mask) this.#grow();
    this.#slots[(this.#first + this.length++) & this.#mask] = item;
  }

  /** Takes the oldest. Call it only if there is one. */
  shift(): T {
    const index = this.#first;
    const item = this.#slots[index] as T;
    this.#slots[index] = undefined;
    this.#first = (index + 1) & this.#mask;
    this.length--;
    return item;
  }

  /** The element at `index`, 0 being the oldest. */
  at(index: number): T | undefined {
    return index < this.length ? this.#slots[(this.#first + index) & this.#mask] : undefined;
  }

  #grow(): void {
    const size = Math.max(8, this.#slots.length * 2);
    const slots = new Array<T | undefined>(size);
    for (let i = 0; i < this.length; i++) slots[i] = this.at(i);
    this.#slots = slots;
    this.#mask = size - 1;
    this.#first = 0;
  }
}
