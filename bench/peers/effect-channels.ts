import { Effect, Fiber, Queue, TxQueue } from 'effect';
import { checkSum, sumBelow, type Works } from '../concurrency/work.ts';
import { run } from './effect-run.ts';

/** The channels of Effect: queues. */
export const effectChannelWorks: Works = {
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
    const answering = yield* Effect.forkChild(addOne(ping, pong, n));
    const take = Queue.take(pong);
    let i = 0;
    let sum = 0;
    yield* Effect.whileLoop({
      while: () => i < n,
      body: () => Effect.andThen(Queue.offer(ping, i), take),
      step: (item) => {
        sum = (sum + item) | 0;
        i++;
      },
    });
    yield* Fiber.joinAll([answering]);
    checkSum(sum, sumBelow(n) + n);
  });
}

/** As the documentation of Effect writes it, with a generator on each side: what a user compares with at first. */
export const effectGeneratorWorks: Works = {
  'unbuffered-pingpong': run((n) =>
    Effect.gen(function* () {
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
    }),
  ),
};

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
