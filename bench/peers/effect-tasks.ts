import { Context, Deferred, Effect, Fiber, Semaphore, Stream } from 'effect';
import { check, checkSum, Held, numbers, sumBelow, type Works } from '../concurrency/work.ts';
import { run } from './effect-run.ts';

/** The locks, fibers, services and streams of Effect. */
export const effectTaskWorks: Works = {
  mutex: run((n) => contended(n, 1, 8)),
  'mutex-uncontended': run((n) =>
    Effect.gen(function* () {
      const semaphore = yield* Semaphore.make(1);
      const lock = semaphore.take(1);
      const unlock = semaphore.release(1);
      let count = 0;
      for (let i = 0; i < n; i++) {
        yield* lock;
        count++;
        yield* unlock;
      }
      check(count, n);
    }),
  ),
  semaphore: run((n) => contended(n, 4, 16)),
  'singleflight-hit': run((n) =>
    Effect.gen(function* () {
      for (let wave = 0; wave < n / 64; wave++) yield* joinOneCall(64);
    }),
  ),
  'group-100': run((n) =>
    Effect.gen(function* () {
      let count = 0;
      const task = Effect.sync(() => {
        count++;
      });
      for (let wave = 0; wave < n / 100; wave++) {
        const fibers: Fiber<void>[] = [];
        for (let i = 0; i < 100; i++) fibers.push(yield* Effect.forkChild(task, { startImmediately: true }));
        yield* Fiber.joinAll(fibers);
      }
      check(count, n);
    }),
  ),
  'limit-8': run((n) =>
    Effect.gen(function* () {
      const held = new Held(8);
      const enter = Effect.sync(() => held.enter());
      const leave = Effect.sync(() => held.leave());
      const task = Effect.andThen(Effect.andThen(enter, giveWay), leave);
      for (let wave = 0; wave < n / 1000; wave++)
        yield* Effect.forEach(thousand, () => task, { concurrency: 8, discard: true });
      held.done(n);
    }),
  ),
  'context-deadline': run((n) =>
    Effect.gen(function* () {
      let sum = 0;
      const read = Effect.map(tenant, (value) => {
        sum = (sum + value) | 0;
      });
      for (let i = 0; i < n; i++) {
        const withTenant = Effect.provideService(read, tenant, i);
        const withPrincipal = Effect.provideService(withTenant, principal, 'user');
        yield* Effect.timeout(Effect.provideService(withPrincipal, sampled, true), 1000);
      }
      checkSum(sum, sumBelow(n));
    }),
  ),
  'pipeline-5': run((n) => {
    let stream = Stream.fromIterable(numbers(n));
    for (let stage = 0; stage < 5; stage++) stream = Stream.map(stream, (i) => i + 1);
    const total = Stream.runFold(
      stream,
      () => 0,
      (sum, i) => (sum + i) | 0,
    );
    return Effect.map(total, (sum) => checkSum(sum, sumBelow(n) + 5 * n));
  }),
};

/** No slower than `Effect.yieldNow`, and much faster where a semaphore is held. */
const giveWay = Effect.promise(() => Promise.resolve());

const tenant = Context.Reference('bench.tenant', { defaultValue: () => 0 });
const principal = Context.Reference('bench.principal', { defaultValue: () => '' });
const sampled = Context.Reference('bench.sampled', { defaultValue: () => false });

const thousand = Array.from({ length: 1000 }, (_, i) => i);

function contended(n: number, permits: number, tasks: number): Effect<void> {
  return Effect.gen(function* () {
    const semaphore = yield* Semaphore.make(permits);
    const held = new Held(permits);
    const enter = Effect.sync(() => held.enter());
    const leave = Effect.sync(() => held.leave());
    const acquisition = semaphore.withPermits(1)(Effect.andThen(Effect.andThen(enter, giveWay), leave));
    const task = () => {
      let left = n / tasks;
      return Effect.whileLoop({
        while: () => left > 0,
        body: () => acquisition,
        step: () => {
          left--;
        },
      });
    };
    yield* Effect.all(Array.from({ length: tasks }, task), { concurrency: 'unbounded', discard: true });
    held.done(n);
  });
}

function joinOneCall(callers: number): Effect<void> {
  return Effect.gen(function* () {
    let calls = 0;
    let sum = 0;
    const gate = yield* Deferred.make<number>();
    const shared = yield* Effect.cached(
      Effect.andThen(
        Effect.sync(() => {
          calls++;
        }),
        Deferred.await(gate),
      ),
    );
    const caller = Effect.map(shared, (value) => {
      sum = (sum + value) | 0;
    });
    const fibers: Fiber<void>[] = [];
    for (let i = 0; i < callers; i++) fibers.push(yield* Effect.forkChild(caller, { startImmediately: true }));
    yield* Deferred.succeed(gate, 7);
    yield* Fiber.joinAll(fibers);
    check(calls, 1);
    check(sum, 7 * callers);
  });
}
