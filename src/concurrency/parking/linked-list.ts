/** What a list needs of its members. An entry is in one list at a time. */
export interface Linked<E> {
  previous: E | undefined;
  next: E | undefined;
  /** The list that it is in. */
  list: { remove(entry: E): void } | undefined;
}

/**
 * A doubly linked list through its members: entering, leaving from anywhere and taking the first are constant in time and
 * allocate nothing. A wait queue needs all three, since whoever gives up leaves from the middle.
 */
export class LinkedList<E extends Linked<E>> {
  head: E | undefined;
  #tail: E | undefined;

  push(entry: E): void {
    const tail = this.#tail;
    entry.list = this;
    entry.previous = tail;
    if (tail === undefined) this.head = entry;
    else tail.next = entry;
    this.#tail = entry;
  }

  remove(entry: E): void {
    const { previous, next } = entry;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    entry.previous = undefined;
    entry.next = undefined;
    entry.list = undefined;
  }

  *[Symbol.iterator](): Generator<E> {
    for (let entry = this.head; entry !== undefined; entry = entry.next) yield entry;
  }
}
