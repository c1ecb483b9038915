import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linePath } from './line-path.ts';

test('the highest value touches the top and zero the bottom', () => {
  assert.equal(linePath([0, 5, 10], 20, 10).line, 'M0 10L10 5L20 0');
});

test('a missing value leaves a gap in line and area', () => {
  const { line, area } = linePath([1, 1, null, 1], 30, 10);

  assert.equal(line, 'M0 0L10 0M30 0');
  assert.equal(area, 'M0 0L10 0L10 10L0 10ZM30 0L30 10L30 10Z');
});

test('nothing at all and nothing but zeros are no division by zero', () => {
  assert.deepEqual(linePath([], 20, 10), { line: '', area: '' });
  assert.equal(linePath([0, 0], 20, 10).line, 'M0 10L20 10');
  assert.equal(linePath([3], 20, 10).line, 'M0 0');
});
