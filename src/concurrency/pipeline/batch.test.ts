import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { chan } from '../channel/local-channel.ts';
import { rootContext } from '../context/context-tree.ts';
import { pipeline } from './pipeline.ts';
import { heldCalls, Probe, settle } from './testdata/probe.ts';

failOnLeaks();

function rig() {
  const clock = virtualClock();
  const ctx = rootContext(clock);
  return { clock, ctx, numbers: chan<number>() };
}

test('a batch is given when it is full, or when its time has passed since its first element', async () => {
  const { clock, ctx, numbers } = rig();
  const batches: { at: number; batch: number[] }[] = [];
  const running = pipeline(ctx, numbers)
    .batch(3, 100)
    .forEach((batch) => {
      batches.push({ at: clock.now(), batch });
    });

  await clock.advance(1_000);
  assert.equal(clock.pending, 0);
  for (const x of [1, 2, 3]) await numbers.send(ctx, x);
  await clock.advance(50);
  await numbers.send(ctx, 4);
  await clock.advance(60);
  await numbers.send(ctx, 5);
  assert.equal(clock.pending, 1);
  await clock.advance(500);
  await numbers.send(ctx, 6);
  await settle();
  numbers.close();
  await running;

  assert.deepEqual(batches, [
    { at: 1_000, batch: [1, 2, 3] },
    { at: 1_150, batch: [4, 5] },
    { at: 1_610, batch: [6] },
  ]);
  assert.equal(clock.pending, 0);
});

test('an element that arrives at the moment the time is up is in one batch', async () => {
  for (const isBefore of [true, false]) {
    const { clock, ctx, numbers } = rig();
    const batches: number[][] = [];
    const running = pipeline(ctx, numbers)
      .batch(10, 100)
      .forEach((batch) => {
        batches.push(batch);
      });
    // Due at the same time as the batch: armed before it, or after it.
    const send = () => void numbers.send(ctx, 2);
    if (isBefore) clock.after(100, send);
    await numbers.send(ctx, 1);
    await settle();
    if (!isBefore) clock.after(100, send);

    await clock.advance(100);
    await clock.advance(100);
    numbers.close();
    await running;

    assert.deepEqual(batches.flat(), [1, 2]);
    assert.equal(clock.pending, 0);
  }
});

test('elements that arrive while the consumer is busy are not lost', async () => {
  const { clock, ctx, numbers } = rig();
  const { fn, calls } = heldCalls();
  const batches: number[][] = [];
  const running = pipeline(ctx, numbers)
    .batch(10, 100)
    .forEach(async (batch) => {
      batches.push(batch);
      await fn(batch.length);
    });
  await numbers.send(ctx, 1);
  await clock.advance(100);
  // The consumer holds [1]; the pull that was in flight takes 2, and 3 waits in the channel.
  await numbers.send(ctx, 2);
  const third = numbers.send(ctx, 3);
  await clock.advance(1_000);
  calls[0]!.resolve(0);
  await third;
  await clock.advance(100);
  calls[1]!.resolve(0);
  await settle();
  numbers.close();
  await running;

  assert.deepEqual(batches, [[1], [2, 3]]);
});

test('a batch over a source that never waits heeds its time too', async () => {
  const clock = virtualClock();
  let now = 0;
  const ctx = rootContext({ ...clock, now: () => now });

  const batches = await pipeline(ctx, new Probe({ count: 10 }).sync)
    .map((x) => {
      now += 30;
      return x;
    })
    .batch(100, 100)
    .map((batch) => batch.length)
    .toArray();

  assert.deepEqual(batches, [5, 5]);
});

test('a timed batch pulls no more than its size, and leaves no timer when it is left', async () => {
  const clock = virtualClock();
  const probe = new Probe();
  const numbers = pipeline(rootContext(clock), probe).batch(4, 100);

  for await (const batch of numbers) {
    assert.equal(batch.length, 4);
    break;
  }

  assert.deepEqual([probe.pulled, probe.returned, clock.pending], [4, 1, 0]);
});

test('an error while a batch is open drops it, and leaves no timer', async () => {
  const { clock, ctx, numbers } = rig();
  const running = pipeline(ctx, numbers)
    .map((x) => {
      if (x === 2) throw new Error('bad');
      return x;
    })
    .batch(10, 100)
    .toArray();
  const outcome = assert.rejects(running, { message: 'bad' });
  await numbers.send(ctx, 1);
  await settle();
  assert.equal(clock.pending, 1);
  await numbers.send(ctx, 2);

  await outcome;
  assert.equal(clock.pending, 0);
});

test('a cancel while a batch is open leaves no timer', async () => {
  const { clock, ctx, numbers } = rig();
  const scope = ctx.withCancel();
  const running = pipeline(scope, numbers).batch(10, 100).toArray();
  const outcome = assert.rejects(running, { code: 'canceled' });
  await numbers.send(ctx, 1);
  await settle();

  scope.cancel();

  await outcome;
  assert.equal(clock.pending, 0);
});
