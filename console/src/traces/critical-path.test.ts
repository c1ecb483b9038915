import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Span } from '../api/answers.ts';
import { criticalPath, segmentsBySpan } from './critical-path.ts';
import { buildSpanTree } from './span-tree.ts';
import { span } from './spans.fixture.ts';

function pathOf(spans: Span[]): string {
  return criticalPath(buildSpanTree(spans))
    .map((segment) => `${segment.spanId} ${segment.startMs}-${segment.endMs}`)
    .join(', ');
}

test('a span alone is its own path', () => {
  assert.equal(pathOf([span('a', null, 0, 10)]), 'a 0-10');
});

test('sequential children and the time between them are on the path', () => {
  assert.equal(
    pathOf([span('a', null, 0, 10), span('b', 'a', 1, 3), span('c', 'a', 5, 4)]),
    'a 0-1, b 1-4, a 4-5, c 5-9, a 9-10',
  );
});

test('of parallel children the one that ends last is on the path', () => {
  assert.equal(
    pathOf([span('a', null, 0, 10), span('quick', 'a', 1, 3), span('slow', 'a', 1, 8)]),
    'a 0-1, slow 1-9, a 9-10',
  );
});

test('the path goes down to grandchildren', () => {
  assert.equal(
    pathOf([span('a', null, 0, 10), span('b', 'a', 2, 6), span('c', 'b', 3, 2)]),
    'a 0-2, b 2-3, c 3-5, b 5-8, a 8-10',
  );
});

test('a child that outlives its parent is cut at its end', () => {
  assert.equal(pathOf([span('a', null, 0, 10), span('b', 'a', 6, 20)]), 'a 0-6, b 6-10');
});

test('a sibling that overlaps the path without ending before it stays off it', () => {
  const spans = [span('a', null, 0, 10), span('last', 'a', 6, 4), span('beside', 'a', 4, 4), span('first', 'a', 1, 4)];
  assert.equal(pathOf(spans), 'a 0-1, first 1-5, a 5-6, last 6-10');
});

test('the segments cover the root without gap or overlap', () => {
  const spans = [
    span('a', null, 0, 100),
    span('b', 'a', 3, 40),
    span('c', 'b', 5, 30),
    span('d', 'a', 20, 70),
    span('e', 'd', 25, 80),
    span('f', 'd', 30, 5),
  ];

  const segments = criticalPath(buildSpanTree(spans));

  assert.equal(segments[0]?.startMs, 0);
  assert.equal(segments.at(-1)?.endMs, 100);
  for (let i = 1; i < segments.length; i++) assert.equal(segments[i]?.startMs, segments[i - 1]?.endMs);
});

test('without a real root the longest orphan is the main one', () => {
  assert.equal(pathOf([span('x', 'lost', 0, 2), span('y', 'lost', 1, 9)]), 'y 1-10');
});

test('segments are grouped by span', () => {
  const grouped = segmentsBySpan(criticalPath(buildSpanTree([span('a', null, 0, 10), span('b', 'a', 1, 3)])));

  assert.deepEqual([...grouped.keys()].sort(), ['a', 'b']);
  assert.equal(grouped.get('a')?.length, 2);
});
