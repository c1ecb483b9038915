import type { Row } from '../harness.ts';

interface RowOptions {
  /** Operations come in multiples of this. Default 1. */
  readonly batch?: number;
  readonly limit?: number;
  /** Beside the general goal, not to be slower than any peer. */
  readonly goals?: Readonly<Record<string, number>>;
}

const table = {
  /** One sender, one receiver, a channel of 128: per message. */
  buffered: { goals: { go: 2, effect: 50 } },
  /** The same with a plain `await` on both sides. */
  'buffered-await': {},
  /** Two tasks, two unbuffered channels: per round trip. */
  'unbuffered-pingpong': { goals: { go: 0.56, effect: 12 } },
  /** The same under a deadline, as in a request: Go then selects over the channel and `ctx.Done()`. */
  'pingpong-deadline': {},
  'unbuffered-one-way': {},
  /** One sender, eight receivers on one unbuffered channel. */
  'one-to-eight': { batch: 8 },
  'eight-to-one': { batch: 8 },
  /** A receiver that selects over four channels of 128 with a sender each: per message. */
  'select-4': { batch: 4 },
  /** The same with unbuffered channels, where the select mostly has to wait. */
  'select-4-parked': { batch: 4 },
  /** Eight tasks that give way once while they hold it: per acquisition. */
  mutex: { batch: 8 },
  'mutex-uncontended': {},
  /** Sixteen tasks, four permits; a holder gives way once. */
  semaphore: { batch: 16 },
  /** 64 callers that share one call: per caller. */
  'singleflight-hit': { batch: 64 },
  /** A hundred tasks with nothing to do, started and joined: per task. */
  'group-100': { batch: 100, goals: { go: 0.67, effect: 3 } },
  /** A thousand tasks, eight at once; each gives way once. */
  'limit-8': { batch: 1000 },
  /** A deadline and three values below a parent that can be canceled, one value read, disposed. */
  'context-deadline': { limit: 150 },
  /** The same with `using` (`defer` in Go). */
  'context-using': {},
  /** Numbers through five stages that add one: per number. */
  'pipeline-5': {},
  /** The same with a task per stage and channels of 128 between them. */
  'pipeline-5-channels': {},
} satisfies Record<string, RowOptions>;

export type RowName = keyof typeof table;

const options: Readonly<Record<string, RowOptions>> = table;

/** The rows, with the goal 1 against every peer that has no other. */
export function rows(peers: readonly string[]): Row[] {
  return Object.entries(options).map(([name, { limit, goals }]) => ({
    name,
    unit: 'ns',
    better: 'lower',
    goals: { ...Object.fromEntries(peers.map((peer) => [peer, 1])), ...goals },
    ...(limit !== undefined && { limit }),
  }));
}

export function batchOf(row: string): number {
  return options[row]?.batch ?? 1;
}
