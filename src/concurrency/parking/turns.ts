/**
 * After this many hand-overs the next ones wait for a turn of the event loop. Promises that resolve one another never let
 * the loop run: two tasks that pass a value to and fro would keep every timer and socket waiting for as long as they go
 * on. A thousand hand-overs take a fraction of a millisecond, a turn of an idle loop some microseconds.
 */
const handOversPerTurn = 1024;

let handOvers = 0;
/** What settles a promise, and what with, in turns. */
let delayed: unknown[] | undefined;

/** Calls `settle`, which resolves or rejects a promise: at once, or with the next turn of the event loop, in the order of the calls. */
export function handOver<T>(settle: (outcome: T) => void, outcome: T): void {
  if (delayed !== undefined) {
    delayed.push(settle, outcome);
  } else if (++handOvers < handOversPerTurn) {
    settle(outcome);
  } else {
    handOvers = 0;
    delayed = [settle, outcome];
    setImmediate(settleDelayed);
  }
}

function settleDelayed(): void {
  const pairs = delayed!;
  delayed = undefined;
  for (let i = 0; i < pairs.length; i += 2) (pairs[i] as (outcome: unknown) => void)(pairs[i + 1]);
}

/** Waits for one turn of the event loop: for long work in pieces, so that timers and sockets get theirs in between. */
export function yieldNow(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
