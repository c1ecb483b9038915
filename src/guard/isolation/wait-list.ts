/** What a list needs of its members. */
export interface Listed<E> {
  previous: E | undefined;
  next: E | undefined;
}

/** A list through its members: entering, leaving from anywhere, and both ends, without a search. */
export class WaitList<E extends Listed<E>> {
  oldest: E | undefined;
  newest: E | undefined;
  length = 0;

  push(entry: E): void {
    const { newest } = this;
    entry.previous = newest;
    entry.next = undefined;
    if (newest === undefined) this.oldest = entry;
    else newest.next = entry;
    this.newest = entry;
    this.length++;
  }

  /** It must be in this list. */
  remove(entry: E): void {
    const { previous, next } = entry;
    if (previous === undefined) this.oldest = next;
    else previous.next = next;
    if (next === undefined) this.newest = previous;
    else next.previous = previous;
    entry.previous = undefined;
    entry.next = undefined;
    this.length--;
  }
}
