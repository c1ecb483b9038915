import {
  type Awaitable,
  background,
  type CancelContext,
  type Case,
  type Context,
  otherwise,
  rootContext,
  select,
  systemClock,
} from 'flotilla/concurrency';
import { notReady } from '../../../src/concurrency/channel/select-case.ts';
import { brokenChan, channelFaults } from './broken-channel.ts';
import { type Choice, type Subject, type SubjectLocker, tools } from './subject.ts';

type Cases = Record<string, Case<unknown>>;

/** Selects that are wrong in one way each. */
const selects = {
  'does two ready cases': (ctx, cases) => {
    const chosen = select(ctx, cases);
    if (chosen instanceof Promise || chosen.case === 'otherwise') return chosen;
    for (const [name, each] of Object.entries(cases)) if (name !== chosen.case && each !== otherwise) each.attempt();
    return chosen;
  },
  'takes otherwise although a case is ready': (ctx, cases) =>
    'otherwise' in cases && Object.keys(cases).length > 2
      ? { case: 'otherwise', value: undefined }
      : select(ctx, cases),
  'waits although there is an otherwise': (ctx, { otherwise: _, ...cases }) => select(ctx, cases),
  'looks only at its first case before it waits': (ctx, cases) => {
    const blind = ([name, each]: [string, Case<unknown>], i: number) =>
      [name, i === 0 || each === otherwise ? each : withoutAttempt(each)] as const;
    return select(ctx, Object.fromEntries(Object.entries(cases).map(blind)));
  },
  'does not hear the end of its context while it waits': (ctx, cases) => {
    ctx.throwIfDone();
    return select(background(), cases);
  },
  'names the wrong one of two cases': async (ctx, cases) => {
    const chosen = (await select(ctx, cases)) as Choice;
    const [name = chosen.case] = Object.keys(cases);
    return { case: name, value: chosen.value };
  },
} satisfies Record<string, (ctx: Context, cases: Cases) => Awaitable<Choice>>;

function withoutAttempt(each: Case<unknown>): Case<unknown> {
  return {
    attempt: () => notReady,
    park: (waiter) => each.park(waiter),
    leave: (waiter) => each.leave(waiter),
    describe: () => each.describe(),
  };
}

/** What can be wrong with a mutex. */
const mutexFaults = [
  'hands over to the last in line',
  'lets two in at once',
  'lets in whoever only tries',
  'hands over to nobody',
  'hands over to one who gave up',
  'stays locked',
] as const;
type MutexFault = (typeof mutexFaults)[number] | undefined;

/** A mutex written once more, with one fault of choice. */
class BrokenMutex implements SubjectLocker {
  readonly #fault: MutexFault;
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];

  constructor(fault: MutexFault) {
    this.#fault = fault;
  }

  lock(ctx: Context): Awaitable<{ unlock(): void }> {
    ctx.throwIfDone();
    if (!this.#isHeld) return this.tryLock()!;
    return new Promise((resolve, reject) => {
      const enter = () => {
        stop();
        resolve(this.#lock());
      };
      const stop = ctx.onDone(() => {
        if (this.#fault !== 'hands over to one who gave up') this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(ctx.err());
      });
      this.#waiting.push(enter);
    });
  }

  tryLock(): { unlock(): void } | undefined {
    if (this.#isHeld && this.#fault !== 'lets in whoever only tries') return undefined;
    this.#isHeld = true;
    return this.#lock();
  }

  #lock(): { unlock(): void } {
    return { unlock: () => this.#unlock() };
  }

  #unlock(): void {
    if (this.#fault === 'stays locked' && this.#waiting.length === 0) return;
    const next = this.#fault === 'hands over to the last in line' ? this.#waiting.pop() : this.#waiting.shift();
    this.#isHeld = next !== undefined && this.#fault !== 'hands over to nobody';
    if (this.#isHeld) next!();
    if (this.#fault === 'lets two in at once') this.#waiting.shift()?.();
  }
}

/** Contexts that are wrong in one way each. */
const roots = {
  'does not end its children': () => {
    const root = rootContext(systemClock).withCancel();
    return Object.assign(root, { withCancel: () => rootContext(systemClock).withCancel() });
  },
  'ends a moment after its cancel': () => {
    const late = (ctx: CancelContext): CancelContext => {
      const cancel = ctx.cancel.bind(ctx);
      const withCancel = ctx.withCancel.bind(ctx);
      return Object.assign(ctx, {
        cancel: (cause?: unknown) => queueMicrotask(() => cancel(cause)),
        withCancel: () => late(withCancel()),
      });
    };
    return late(rootContext(systemClock).withCancel());
  },
} satisfies Record<string, () => CancelContext>;

/** The tools with one fault each, by what is wrong. */
export const mutants: Readonly<Record<string, Subject>> = {
  ...named('a channel that', channelFaults, (fault) => ({ ...tools, chan: (cap) => brokenChan(cap, fault) })),
  ...named('a select that', Object.keys(selects) as (keyof typeof selects)[], (fault) => ({
    ...tools,
    select: selects[fault],
  })),
  ...named('a mutex that', mutexFaults, (fault) => ({ ...tools, mutex: () => new BrokenMutex(fault) })),
  ...named('a context that', Object.keys(roots) as (keyof typeof roots)[], (fault) => ({
    ...tools,
    root: roots[fault],
  })),
};

/** The doubles of the tools without a fault: what they are blamed for is not that they are doubles. */
export const faultlessDoubles: Subject = {
  ...tools,
  chan: (cap) => brokenChan(cap, undefined),
  mutex: () => new BrokenMutex(undefined),
};

function named<F extends string>(
  kind: string,
  faults: readonly F[],
  make: (fault: F) => Subject,
): Record<string, Subject> {
  return Object.fromEntries(faults.map((fault) => [`${kind} ${fault}`, make(fault)]));
}
