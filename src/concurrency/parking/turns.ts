/** A parked operation that is about to go on. */
export interface Resumable {
  /** Settles its promise. */
  resume(): void;
}

/**
 * After this many hand-overs the next ones wait for a turn of the event loop. Promises that resolve one another never let
 * the loop run: two tasks that pass a value to and fro would keep every timer and socket waiting for as long as they go
 * on. A thousand hand-overs take a fraction of a millisecond, a turn of an idle loop some microseconds.
 */
const handOversPerTurn = 1024;

let handOvers = 0;
let delayed: Resumable[] | undefined;

/** Lets an operation go on: at once, or with the next turn of the event loop, in the order of the calls. */
export function resume(operation: Resumable): void {
  if (delayed !== undefined) {
    delayed.push(operation);
  } else if (++handOvers < handOversPerTurn) {
    operation.resume();
  } else {
    handOvers = 0;
    delayed = [operation];
    setImmediate(resumeDelayed);
  }
}

function resumeDelayed(): void {
  const operations = delayed!;
  delayed = undefined;
  for (const operation of operations) operation.resume();
}

/** Waits for one turn of the event loop: for long work in pieces, so that timers and sockets get theirs in between. */
export function yieldNow(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
