import {
  type Awaitable,
  type CancelContext,
  type Case,
  type Chan,
  type Context,
  chan,
  Mutex,
  rootContext,
  select,
  systemClock,
} from 'flotilla/concurrency';

/** What a select of a random program came to. */
export interface Choice {
  readonly case: string;
  readonly value: unknown;
}

/** What the programs lock. */
export interface SubjectLocker {
  lock(ctx: Context): Awaitable<{ unlock(): void }>;
  tryLock(): { unlock(): void } | undefined;
}

/** The tools that are checked. Those that are wrong on purpose replace some of them. */
export interface Subject {
  chan(cap: number): Chan<number>;
  select(ctx: Context, cases: Record<string, Case<unknown>>): Awaitable<Choice>;
  mutex(): SubjectLocker;
  /** The context that all of a program descend from. */
  root(): CancelContext;
}

/** The tools as they are. */
export const tools: Subject = {
  chan: (cap) => chan<number>(cap),
  select,
  mutex: () => new Mutex(),
  root: () => rootContext(systemClock).withCancel(),
};
