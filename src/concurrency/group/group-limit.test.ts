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

test('room is there at once below the limit and while the queue has a place', async () => {
  const g = group(background(), { limit: 1, queue: 1 });
  const { task, open } = gated();

  for (let n = 0; n < 2; n++) {
    assert.equal(g.room(), undefined);
    g.go(task(n));
  }

  const room = g.room();
  assert.ok(room instanceof Promise);
  g.cancel();
  await assert.rejects(room, { code: 'canceled' });
  open(0);
});

test('a producer that asks for room before each task keeps within the queue and is never refused', async () => {
  const g = group(background(), { limit: 2, queue: 3 });
  let most = 0;
  for (let n = 0; n < 200; n++) {
    await g.room();
    g.go(() => yieldNow());
    most = Math.max(most, g.size);
  }

  await g.wait();

  assert.equal(most, 5);
});

test('many producers that ask for room are never refused, and are served in their order', async () => {
  const g = group(background(), { limit: 1, queue: 0 });
  const order: number[] = [];
  const produce = async (producer: number) => {
    for (let n = 0; n < 3; n++) {
      await g.room();
      g.go(async () => {
        order.push(producer);
        await yieldNow();
      });
    }
  };

  await Promise.all([0, 1, 2, 3].map(produce));
  await g.wait();

  assert.equal(order.length, 12);
  assert.deepEqual(order.slice(0, 4), [0, 1, 2, 3]);
});

test('a producer that is told of room and adds nothing does not keep the others waiting', async () => {
  const g = group(background(), { limit: 1, queue: 0 });
  const { task, open } = gated();
  g.go(task(0));
  const changesItsMind = g.room();
  const second = Promise.resolve(g.room()).then(() => g.go(() => 'second'));

  open(0);
  await changesItsMind;

  assert.equal(await second, 'second');
  await g.wait();
});

test('the end of the group ends the wait for room with the first error', async () => {
  const g = group(background(), { limit: 1, queue: 0 });
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
  const g = group(background(), { limit: 1, queue: 0 });
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
