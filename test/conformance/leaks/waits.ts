import {
  type Awaitable,
  after,
  Barrier,
  background,
  type CancelContext,
  Cond,
  type Context,
  chan,
  contextKey,
  done,
  go,
  KeyedMutex,
  Latch,
  Mutex,
  Once,
  RWMutex,
  recv,
  Semaphore,
  SingleFlight,
  select,
  send,
  settled,
  sleep,
  tick,
  until,
  WaitGroup,
  withSignal,
} from 'flotilla/concurrency';

/** Starts one wait on a tool that lives on, which ends with `ctx`. What it gives rejects then, or resolves. */
export type Wait = (ctx: CancelContext) => Awaitable<unknown>;

const hour = 3_600_000;
const never = new Promise<never>(() => {});
const forever = background();

/** Makes a tool that lives as long as `parent`, and gives the wait on it. */
export type MakeWait = (parent: Context) => Wait;

/** Each tool that somebody can wait on. */
export const waits: Readonly<Record<string, MakeWait>> = {
  'a recv': () => {
    const ch = chan<number>();
    return (ctx) => ch.recv(ctx);
  },
  'a send': () => {
    const ch = chan<number>(1);
    ch.trySend(0);
    return (ctx) => ch.send(ctx, 1);
  },
  'a loop over the values of a channel': () => {
    const ch = chan<number>();
    return async (ctx) => {
      for await (const _ of ch.values(ctx));
    };
  },
  'a select of every kind of case': (parent) => {
    const [idle, full] = [chan<number>(), chan<number>(1)];
    full.trySend(0);
    const [late, beat] = [after(parent, hour), tick(parent, hour)];
    return (ctx) =>
      select(ctx, {
        got: recv(idle),
        again: recv(idle),
        nil: recv(undefined),
        sent: send(full, 1),
        late,
        soon: after(ctx, hour),
        beat,
        done: done(parent),
        promise: settled(never),
      });
  },
  'a select that is served': () => {
    const [served, idle] = [chan<number>(), chan<number>()];
    return (ctx) => {
      const chosen = select(ctx, { served: recv(served), idle: recv(idle), late: after(ctx, hour) });
      served.trySend(1);
      return chosen;
    };
  },
  'a loop over ticks': () => async (ctx) => {
    for await (const _ of tick(ctx, hour));
  },
  'a sleep': () => (ctx) => sleep(ctx, hour),
  'an until of a promise of its own': () => (ctx) => until(ctx, new Promise(() => {})),
  'an until of one promise that stays pending': () => (ctx) => until(ctx, never),
  'a registered function': () => (ctx) => void ctx.onDone(() => {}),
  'a registered function that is stopped': (parent) => () => void parent.onDone(() => {})(),
  'a signal': () => (ctx) => void ctx.signal.aborted,
  'a signal with a timeout': () => (ctx) => void ctx.withTimeout(hour).signal.aborted,
  'a context of one AbortSignal': (parent) => {
    const { signal } = new AbortController();
    return () => {
      using ctx = withSignal(parent, signal);
      ctx.onDone(() => {});
    };
  },
  'children with values and deadlines': () => {
    const key = contextKey('k', 0);
    return (ctx) => sleep(ctx.withValue(key, 1).withTimeout(hour).withCancel(), hour);
  },
  'a Mutex': () => {
    const mutex = new Mutex();
    mutex.tryLock();
    return (ctx) => mutex.lock(ctx);
  },
  'an RWMutex, as writer and as reader': () => {
    const mutex = new RWMutex();
    mutex.tryRLock();
    return (ctx) => Promise.allSettled([mutex.lock(ctx), mutex.rLock(ctx)]);
  },
  'a KeyedMutex whose key is held': () => {
    const mutex = new KeyedMutex<string>();
    mutex.tryLock('k');
    return (ctx) => mutex.lock(ctx, 'k');
  },
  'a KeyedMutex with a key for each cycle': () => {
    const mutex = new KeyedMutex<object>();
    return async (ctx) => {
      const key = {};
      using _ = mutex.tryLock(key);
      await mutex.lock(ctx, key);
    };
  },
  'a Semaphore': () => {
    const semaphore = new Semaphore(2);
    semaphore.tryAcquire(1);
    return (ctx) => semaphore.acquire(ctx, 2);
  },
  'a WaitGroup': () => {
    const tasks = new WaitGroup();
    tasks.add();
    return (ctx) => tasks.wait(ctx);
  },
  'a Latch': () => {
    const latch = new Latch(1);
    return (ctx) => latch.wait(ctx);
  },
  'a Barrier': () => {
    const barrier = new Barrier(10);
    return (ctx) => barrier.arrive(ctx);
  },
  'a Once': () => {
    const once = new Once();
    void once.do(forever, () => never);
    return (ctx) => once.do(ctx, () => never);
  },
  'a Cond': () => {
    const cond = new Cond(new Mutex());
    return async (ctx) => {
      using lock = await cond.locker.lock(forever);
      await cond.wait(ctx, lock);
    };
  },
  'a SingleFlight that others wait for': () => {
    const flights = new SingleFlight<string, number>();
    void flights.do(forever, 'k', () => never);
    return (ctx) => flights.do(ctx, 'k', () => never);
  },
  'a SingleFlight that all have left': () => {
    const flights = new SingleFlight<string, number>();
    return (ctx) =>
      flights.do(ctx, 'k', async (shared) => {
        await sleep(shared, hour);
        return 1;
      });
  },
  'the wait for a task that goes on': (parent) => {
    const task = go(parent, (own) => sleep(own, hour));
    return (ctx) => task.wait(ctx);
  },
};
