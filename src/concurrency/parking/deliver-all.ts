import type { LinkedList } from './linked-list.ts';
import type { Waiter } from './park.ts';

/** Lets all that wait now go on with `outcome`, in their order. None can come meanwhile: they go on in later microtasks. */
export function deliverAll<T, P>(queue: LinkedList<Waiter<T, P>>, outcome: T): void {
  for (let waiter = queue.head; waiter !== undefined; waiter = queue.head) waiter.deliver(outcome);
}
