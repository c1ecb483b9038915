import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chan } from 'flotilla/concurrency';
import { growthOf, tolerance } from './soak.ts';

const count = 20_000;

test('a listener that stays with the parent is found', async () => {
  const { listeners } = await growthOf(count, (parent) => () => void parent.onDone(() => {}));

  assert.ok(listeners >= count, `${listeners}`);
});

test('a small object that stays is found in the heap', async () => {
  const kept: object[] = [];

  const { bytes } = await growthOf(count, () => () => void kept.push({ waiter: kept.length }));

  assert.ok(bytes > tolerance, `${bytes} bytes of ${kept.length} objects`);
});

test('a value that is not taken back when its sender gives up is found in the heap', async () => {
  const { bytes } = await growthOf(count, () => {
    const left: unknown[] = [];
    const ch = chan<number[]>();
    return (ctx) => {
      const value = [1, 2, 3];
      left.push(value);
      return ch.send(ctx, value);
    };
  });

  assert.ok(bytes > tolerance, `${bytes} bytes`);
});
