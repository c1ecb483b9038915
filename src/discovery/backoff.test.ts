import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Backoff } from './backoff.ts';

it('doubles its pauses up to the longest, takes up to half off by chance, and starts over after a success', () => {
  const longest = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => 0 });
  assert.deepEqual(
    Array.from({ length: 6 }, () => longest.nextMs()),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  longest.reset();
  assert.equal(longest.nextMs(), 100);

  const shortest = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => 1 });
  assert.deepEqual([shortest.nextMs(), shortest.nextMs()], [50, 100]);
});
