import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryMark } from './memory-mark.ts';
import { limitOf, oldLimitOf } from './memory-use.ts';

const options = { highShare: 0.9, windowSamples: 3, windows: 2 };

function firstHigh(samples: readonly number[]): number {
  const mark = new MemoryMark(options);
  return samples.findIndex((sample) => mark.sample(sample));
}

for (const [what, samples, at] of [
  ['has grown above and stays there for all windows', [0.5, 0.95, 0.95, 0.91, 0.95, 0.92, 0.93, 0.99, 0.91], 8],
  ['was above from the start', [0.91, 0.95, 0.92, 0.93, 0.99, 0.91, 0.91, 0.95, 0.92], -1],
  ['stays below', [0.5, 0.6, 0.7, 0.5, 0.6, 0.7], -1],
  ['is on the mark', [0.9, 0.9, 0.9, 0.9, 0.9, 0.9], -1],
  ['is a sawtooth whose low points are below', [0.99, 0.95, 0.4, 0.99, 0.95, 0.4, 0.99, 0.95, 0.4], -1],
  ['falls below once, then stays above', [0.95, 0.95, 0.95, 0.95, 0.2, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95], 11],
] as const) {
  test(`memory that ${what} ${at < 0 ? 'is not high' : `is high at sample ${at}`}`, () => {
    assert.equal(firstHigh(samples), at);
  });
}

for (const [constrained, limit] of [
  [undefined, 1000],
  [0, 1000],
  [400, 400],
  [2 ** 63, 1000],
] as const) {
  test(`a group that says ${constrained} on a machine of 1000 leaves ${limit}`, () => {
    assert.equal(limitOf(constrained, 1000), limit);
  });
}

for (const [heapLimit, flags, limit] of [
  [4192, '', 4096],
  [196, '--max-old-space-size=100', 100],
  [112, '--max-old-space-size=100 --max-semi-space-size=4', 100],
  [64, '', 32],
] as const) {
  test(`of a heap of ${heapLimit} MiB with "${flags}" the old generation may have ${limit}`, () => {
    assert.equal(oldLimitOf(heapLimit * 2 ** 20, flags), limit * 2 ** 20);
  });
}
