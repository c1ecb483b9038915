import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, chan } from '../concurrency/index.ts';
import { boundStream } from './bound-stream.ts';

const root = background();

async function* numbers(onReturn: () => void = () => {}): AsyncGenerator<number> {
  try {
    for (let n = 1; ; n++) yield n;
  } finally {
    onReturn();
  }
}

test('passes values, the end and a failure on', async () => {
  async function* failing() {
    yield 1;
    throw new Error('broken');
  }
  async function* two() {
    yield 1;
    yield 2;
  }

  assert.deepEqual(await Array.fromAsync(boundStream(root, two())), [1, 2]);
  const stream = boundStream(root, failing());
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  await assert.rejects(stream.next(), /broken/);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

test('takes a channel that has values', async () => {
  const values = chan<number>(2);
  values.trySend(1);
  values.close();

  assert.deepEqual(await Array.fromAsync(boundStream(root, values)), [1]);
});

test('a pending next fails when the Context ends, even if the source is stuck', async () => {
  const ctx = root.withCancel();
  const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
  const stream = boundStream(ctx, stuck);

  const pending = assert.rejects(stream.next(), { code: 'canceled' });
  ctx.cancel();

  await pending;
  await assert.rejects(stream.next(), { code: 'canceled' });
});

test('the source is left when the Context ends and when the consumer leaves', async () => {
  for (const leave of ['cancel', 'return'] as const) {
    const ctx = root.withCancel();
    const left = Promise.withResolvers<void>();
    const stream = boundStream(ctx, numbers(left.resolve));
    await stream.next();

    if (leave === 'cancel') ctx.cancel();
    else await stream.return?.();

    await left.promise;
  }
});

test('a stream that is over has no hold on its Context', async () => {
  const ctx = root.withCancel();
  let ends = 0;
  const count = () => {
    ends++;
    return new Error('over');
  };

  const stream = boundStream(ctx, numbers(), { end: count });
  await stream.next();
  await stream.return?.();
  ctx.cancel();

  assert.equal(ends, 0);
});
