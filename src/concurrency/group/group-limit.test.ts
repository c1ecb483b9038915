import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { chan } from '../channel/local-channel.ts';
import type { Context } from '../context/context.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { group } from './group.ts';
import type { Task } from './task.ts';

failOnLeaks();

const doom = new Error('doomed');
const queueFull = { code: 'resource_exhausted', reason: 'GROUP_QUEUE_FULL' };

/** Tasks that end when they are told to, and the order in which they started. */
function gated() {
  const gates: PromiseWithResolvers<void>[] = [];
  const started: number[] = [];
  const task = (n: number) => () => {
    started.push(n);
    gates[n] = Promise.withResolvers<void>();
    return gates[n].promise;
  };
  return { task, started, open: (n: number) => gates[n]!.resolve() };
}

for (const options of [{ limit: 0 }, { limit: 1.5 }, { limit: Number.NaN }, { queue: -1 }, { queue: 0.5 }]) {
  test(`a group with ${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => group(background(), options), RangeError);
  });
}

// Go: x/sync/errgroup/errgroup_test.go TestGoLimit
test('no more tasks than the limit run at a time', async () => {
  const limit = 10;
  const g = group(background(), { limit });
  let active = 0;
  let most = 0;
  for (let n = 0; n <= 1024; n++) {
    g.go(async () => {
      most = Math.max(most, ++active);
      await yieldNow();
      active--;
    });
  }

  await g.wait();

  assert.equal(most, limit);
});

// Go: x/sync/errgroup/errgroup_test.go TestTryGo
test('tryGo starts up to the limit, gives undefined beyond it, and starts again when tasks have ended', async () => {
  const limit = 42;
  const g = group(background(), { limit });
  const gate = chan<number>();
  const fn = (ctx: Context) => gate.recv(ctx);
  const started = Array.from({ length: limit }, () => g.tryGo(fn));

  const refused = g.tryGo(fn);
  for (let n = 0; n < limit; n++) gate.trySend(n);
  await Promise.all(started);
  const again = g.tryGo(fn);
  gate.trySend(7);
  await g.wait();

  assert.equal(refused, undefined);
  assert.deepEqual(
    started.map((task) => task?.value),
    Array.from({ length: limit }, (_, n) => n),
  );
  assert.equal(again?.value, 7);
});

test('tryGo does not overtake tasks that wait for a place', async () => {
  const g = group(background(), { limit: 1 });
  const { task, started, open } = gated();
  g.go(() => task(0)().then(() => g.tryGo(task(9))));
  g.go(task(1));

  open(0);
  await yieldNow();

  assert.deepEqual(started, [0, 1]);
  open(1);
  await g.wait();
});

test('tasks beyond the limit start in the order of go', async () => {
  const g = group(background(), { limit: 2 });
  const { task, started, open } = gated();
  const tasks = Array.from({ length: 5 }, (_, n) => g.go(task(n)));

  assert.deepEqual(
    tasks.map(({ state }) => state),
    ['running', 'running', 'waiting', 'waiting', 'waiting'],
  );
  for (const n of [1, 0, 2, 3, 4]) {
    open(n);
    await yieldNow();
  }
  await g.wait();

  assert.deepEqual(started, [0, 1, 2, 3, 4]);
});

test('waiting tasks that need no wait do not deepen the stack', async () => {
  const g = group(background(), { limit: 1, queue: 50_000 });
  const gate = Promise.withResolvers<void>();
  g.go(() => gate.promise);
  let ran = 0;
  for (let n = 0; n < 50_000; n++) g.go(() => void ran++);

  gate.resolve();
  await g.wait();

  assert.equal(ran, 50_000);
});

test('go throws when the queue is full, and takes tasks again when one has started', async () => {
  const g = group(background(), { limit: 1, queue: 2 });
  const { task, open } = gated();
  for (let n = 0; n < 3; n++) g.go(task(n));

  assert.throws(() => g.go(task(3)), queueFull);
  assert.equal(g.size, 3);
  open(0);
  await yieldNow();
  g.go(task(3));

  assert.equal(g.size, 3);
  for (const n of [1, 2, 3]) {
    open(n);
    await yieldNow();
  }
  await g.wait();
});

test('the queue holds 65 536 tasks by default', () => {
  const g = group(background(), { limit: 1 });
  g.go((ctx) => chan<number>().recv(ctx));
  for (let n = 0; n < 65_536; n++) g.go(() => undefined);

  assert.throws(() => g.go(() => undefined), queueFull);

  g.cancel();
});

test('an error ends the tasks that wait for a place before they start', async () => {
  const g = group(background(), { limit: 1 });
  const failing = g.go(async () => {
    await yieldNow();
    throw doom;
  });
  let isStarted = false;
  const waiting = g.go(() => {
    isStarted = true;
  });
  const awaited = waiting.then(undefined, (error) => error);

  await assert.rejects(g.wait(), doom);

  assert.deepEqual([failing.error, waiting.state, waiting.error, isStarted], [doom, 'failed', doom, false]);
  assert.equal(await awaited, doom);
});

test('a deadline ends the tasks that wait for a place although the running one goes on', async () => {
  const clock = virtualClock();
  const g = group(rootContext(clock).withTimeout(50), { limit: 1 });
  const gate = Promise.withResolvers<void>();
  const running = g.go(() => gate.promise);
  const waiting = g.go(() => 1);

  await clock.advance(50);

  assert.deepEqual([running.state, waiting.state], ['running', 'failed']);
  assert.equal((waiting.error as { code?: string }).code, 'deadline_exceeded');
  gate.resolve();
  await assert.rejects(g.wait(), { code: 'deadline_exceeded' });
});

test('a waiting task does not start after a deadline that no timer had the time to tell of', async () => {
  let now = 0;
  const clock = { now: () => now, after: () => ({ stop: () => true }), at: () => ({ stop: () => true }) };
  const g = group(rootContext(clock).withTimeout(50), { limit: 1 });
  const gate = Promise.withResolvers<void>();
  g.go(() => gate.promise);
  const late = g.go(() => 1);

  now = 60;
  gate.resolve();

  await assert.rejects(g.wait(), { code: 'deadline_exceeded' });
  assert.equal(late.state, 'failed');
});

test('room is there at once only while a task would start, whatever the queue would take', async () => {
  const g = group(background(), { limit: 1 });
  const { task, open } = gated();

  assert.equal(g.room(), undefined);
  g.go(task(0));

  const room = g.room();
  assert.ok(room instanceof Promise);
  open(0);
  assert.equal(await room, undefined);
  await g.wait();
});

test('asking for room reserves nothing, neither a place nor one in the queue', async () => {
  const g = group(background(), { limit: 1, queue: 2 });
  for (let n = 0; n < 50; n++) assert.equal(g.room(), undefined);
  const { task, open } = gated();
  for (let n = 0; n < 3; n++) g.go(task(n));

  assert.throws(() => g.go(task(3)), queueFull);

  g.cancel();
  open(0);
  await assert.rejects(g.wait(), { code: 'canceled' });
});

test('a producer that asks for room before each task never queues one', async () => {
  const g = group(background(), { limit: 2, queue: 0 });
  let most = 0;
  for (let n = 0; n < 200; n++) {
    await g.room();
    g.go(() => yieldNow());
    most = Math.max(most, g.size);
  }

  await g.wait();

  assert.equal(most, 2);
});

test('many producers that ask for room are served in their order, and queue no more than one task each', async () => {
  const g = group(background(), { limit: 2, queue: 3 });
  const order: number[] = [];
  const produce = async (producer: number) => {
    for (let n = 0; n < 5; n++) {
      await g.room();
      g.go(async () => {
        order.push(producer);
        await yieldNow();
      });
    }
  };

  await Promise.all([0, 1, 2, 3].map(produce));
  await g.wait();

  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, n) => n % 4),
  );
});

test('each place that becomes free wakes one producer, and none that a waiting task takes', async () => {
  const g = group(background(), { limit: 2 });
  const { task, open, started } = gated();
  for (let n = 0; n < 3; n++) g.go(task(n));
  const woken: number[] = [];
  const produce = async (producer: number) => {
    await g.room();
    woken.push(producer);
    g.go(task(producer));
  };
  const producing = Promise.all([3, 4, 5].map(produce));

  open(0);
  await yieldNow();
  assert.deepEqual([started, woken], [[0, 1, 2], []]);
  open(1);
  open(2);
  await yieldNow();
  await yieldNow();
  assert.deepEqual(
    [started, woken],
    [
      [0, 1, 2, 3, 4],
      [3, 4],
    ],
  );
  open(3);
  await producing;

  assert.deepEqual([started, woken, g.size], [[0, 1, 2, 3, 4, 5], [3, 4, 5], 2]);
  open(4);
  open(5);
  await g.wait();
});

test('waiting tasks that need no wait wake one producer for the place that they leave', async () => {
  const g = group(background(), { limit: 1 });
  const { task, open } = gated();
  g.go(task(0));
  for (let n = 0; n < 3; n++) g.go(() => undefined);
  const first = Promise.resolve(g.room()).then(() => void g.go(task(1)));
  let isSecondWoken = false;
  const second = Promise.resolve(g.room()).then(() => {
    isSecondWoken = true;
  });

  open(0);
  await first.then(() => yieldNow());

  assert.equal(isSecondWoken, false);
  open(1);
  await second;
  await g.wait();
});

test('a task that somebody else adds takes the place, and that of the producer that was woken waits', async () => {
  const g = group(background(), { limit: 1 });
  const { task, open, started } = gated();
  g.go(task(0)).then(() => g.go(task(1)));
  const woken = Promise.resolve(g.room()).then(async () => {
    await undefined;
    return g.go(task(2)).state;
  });

  open(0);

  assert.equal(await woken, 'waiting');
  open(1);
  await yieldNow();
  assert.deepEqual(started, [0, 1, 2]);
  open(2);
  await g.wait();
});

test('a producer that is woken and adds nothing does not keep the others waiting', async () => {
  const g = group(background(), { limit: 1, queue: 0 });
  const { task, open } = gated();
  g.go(task(0));
  const order: number[] = [];
  const waits = [1, 2, 3].map(async (producer) => {
    await g.room();
    order.push(producer);
  });

  open(0);
  await Promise.all(waits);

  assert.deepEqual(order, [1, 2, 3]);
  await g.wait();
});

test('the end of the group ends the wait for room with the first error', async () => {
  const g = group(background(), { limit: 1 });
  g.go(async () => {
    await yieldNow();
    throw doom;
  });
  const room = g.room();

  await assert.rejects(async () => await room, doom);
  assert.throws(() => g.room(), doom);
  await assert.rejects(g.wait(), doom);
});

test('cancel ends the wait for room with the error of the context', async () => {
  const g = group(background(), { limit: 1 });
  const { task, open } = gated();
  g.go(task(0));
  const room = g.room();

  g.cancel(doom);

  await assert.rejects(async () => await room, { code: 'canceled', cause: doom });
  open(0);
  await g.wait();
});

test('a task that waits for a place can be awaited', async () => {
  const g = group(background(), { limit: 1 });
  const { task, open } = gated();
  g.go(task(0));
  const waiting: Task<string> = g.go(async () => 'ran');

  open(0);

  assert.equal(await waiting, 'ran');
  await g.wait();
});
