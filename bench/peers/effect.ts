import { Context, Deferred, Effect, Fiber, Queue, Semaphore, Stream, TxQueue } from 'effect';
import { check, checkSum, Held, numbers, sumBelow, type Work, type Works } from '../concurrency/work.ts';

/**
 * Effect, each row in the faster of the forms tried (generator or `whileLoop`, `withPermits` or `take` and `release`,
 * the `Unsafe` calls where our row has its own ready path), all inside one `runPromise` on the default scheduler; one
 * that uses microtasks was no faster. Not used: `takeAll`, which takes many messages by one operation.
 */
export const effectWorks: Works = {
  buffered: run((n) =>
    Effect.gen(function* () {
      const queue = yield* Queue.bounded<number>(128);
      const sender = yield* Effect.forkChild(
        Effect.gen(function* () {
          for (let i = 0; i < n; i++) if (!Queue.offerUnsafe(queue, i)) yield* Queue.offer(queue, i);
        }),
      );
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const ready = Queue.takeUnsafe(queue);
        const item = ready === undefined ? yield* Queue.take(queue) : ready.value;
        sum = (sum + item) | 0;
      }
      yield* Fiber.joinAll([sender]);
      checkSum(sum, sumBelow(n));
    }),
  ),
  'buffered-await': run((n) => oneWay(n, 128)),
  'unbuffered-pingpong': run(pingPong),
  'pingpong-deadline': run((n) => Effect.timeout(pingPong(n), 60_000)),
  'unbuffered-one-way': run((n) => oneWay(n, 0)),
  'one-to-eight': run((n) =>
    Effect.gen(function* () {
      const queue = yield* Queue.bounded<number>(0);
      const sums: number[] = [];
      const receivers: Fiber<void>[] = [];
      for (let i = 0; i < 8; i++) receivers.push(yield* Effect.forkChild(receive(queue, n / 8, sums)));
      yield* send(queue, 0, n, 1);
      yield* Fiber.joinAll(receivers);
      checkSum(
        sums.reduce((a, b) => (a + b) | 0, 0),
        sumBelow(n),
      );
    }),
  ),
  'eight-to-one': run((n) =>
    Effect.gen(function* () {
      const queue = yield* Queue.bounded<number>(0);
      const senders: Fiber<void>[] = [];
      for (let i = 0; i < 8; i++) senders.push(yield* Effect.forkChild(send(queue, i, n, 8)));
      const sums: number[] = [];
      yield* receive(queue, n, sums);
      yield* Fiber.joinAll(senders);
      checkSum(sums[0]!, sumBelow(n));
    }),
  ),
  'select-4': run((n) => selectFour(n, 128)),
  'select-4-parked': run((n) => selectFour(n, 1)),
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
      const task = Effect.andThen(Effect.andThen(enter, Effect.yieldNow), leave);
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
  'pipeline-5-channels': run((n) =>
    Effect.gen(function* () {
      const first = yield* Queue.bounded<number>(128);
      const stages = [yield* Effect.forkChild(send(first, 0, n, 1))];
      let last = first;
      for (let stage = 0; stage < 5; stage++) {
        const next = yield* Queue.bounded<number>(128);
        stages.push(yield* Effect.forkChild(addOne(last, next, n)));
        last = next;
      }
      const sums: number[] = [];
      yield* receive(last, n, sums);
      yield* Fiber.joinAll(stages);
      checkSum(sums[0]!, sumBelow(n) + 5 * n);
    }),
  ),
};

const tenant = Context.Reference('bench.tenant', { defaultValue: () => 0 });
const principal = Context.Reference('bench.principal', { defaultValue: () => '' });
const sampled = Context.Reference('bench.sampled', { defaultValue: () => false });

const thousand = Array.from({ length: 1000 }, (_, i) => i);

function run(work: (n: number) => Effect<void>): Work {
  return (n) => Effect.runPromise(work(n));
}

function oneWay(n: number, capacity: number): Effect<void> {
  return Effect.gen(function* () {
    const queue = yield* Queue.bounded<number>(capacity);
    const sender = yield* Effect.forkChild(send(queue, 0, n, 1));
    const sums: number[] = [];
    yield* receive(queue, n, sums);
    yield* Fiber.joinAll([sender]);
    checkSum(sums[0]!, sumBelow(n));
  });
}

function pingPong(n: number): Effect<void> {
  return Effect.gen(function* () {
    const ping = yield* Queue.bounded<number>(0);
    const pong = yield* Queue.bounded<number>(0);
    const answering = yield* Effect.forkChild(
      Effect.gen(function* () {
        for (let i = 0; i < n; i++) yield* Queue.offer(pong, 1 + (yield* Queue.take(ping)));
      }),
    );
    let sum = 0;
    for (let i = 0; i < n; i++) {
      yield* Queue.offer(ping, i);
      sum = (sum + (yield* Queue.take(pong))) | 0;
    }
    yield* Fiber.joinAll([answering]);
    checkSum(sum, sumBelow(n) + n);
  });
}

/** Sends first, first + step, … below end. */
function send(queue: Queue<number>, first: number, end: number, step: number): Effect<void> {
  let i = first;
  return Effect.whileLoop({
    while: () => i < end,
    body: () => Queue.offer(queue, i),
    step: () => {
      i += step;
    },
  });
}

function receive(queue: Queue<number>, count: number, sums: number[]): Effect<void> {
  const take = Queue.take(queue);
  let left = count;
  let sum = 0;
  const loop = Effect.whileLoop({
    while: () => left > 0,
    body: () => take,
    step: (item) => {
      sum = (sum + item) | 0;
      left--;
    },
  });
  return Effect.map(loop, () => {
    sums.push(sum);
  });
}

function addOne(from: Queue<number>, to: Queue<number>, n: number): Effect<void> {
  const take = Queue.take(from);
  let left = n;
  return Effect.whileLoop({
    while: () => left > 0,
    body: () => Effect.flatMap(take, (item) => Queue.offer(to, item + 1)),
    step: () => {
      left--;
    },
  });
}

/** Queues have no select; transactions over queues have one. Theirs hold at least one message. */
function selectFour(n: number, capacity: number): Effect<void> {
  return Effect.gen(function* () {
    const queues: TxQueue.TxQueue<number>[] = [];
    const senders: Fiber<void>[] = [];
    for (let sender = 0; sender < 4; sender++) {
      const queue = yield* TxQueue.bounded<number>(capacity);
      queues.push(queue);
      senders.push(
        yield* Effect.forkChild(
          Effect.gen(function* () {
            for (let i = sender; i < n; i += 4) yield* TxQueue.offer(queue, i);
          }),
        ),
      );
    }
    const select = Effect.tx(
      Effect.gen(function* () {
        const start = Math.floor(Math.random() * 4);
        for (let i = 0; i < 4; i++) {
          const item = yield* TxQueue.poll(queues[(start + i) % 4]!);
          if (item._tag === 'Some') return item.value;
        }
        return yield* Effect.txRetry;
      }),
    );
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + (yield* select)) | 0;
    yield* Fiber.joinAll(senders);
    checkSum(sum, sumBelow(n));
  });
}

function contended(n: number, permits: number, tasks: number): Effect<void> {
  return Effect.gen(function* () {
    const semaphore = yield* Semaphore.make(permits);
    const held = new Held(permits);
    const enter = Effect.sync(() => held.enter());
    const leave = Effect.sync(() => held.leave());
    const acquisition = semaphore.withPermits(1)(Effect.andThen(Effect.andThen(enter, Effect.yieldNow), leave));
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
