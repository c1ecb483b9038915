import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSpanTree, type SpanTree, visibleRows } from './span-tree.ts';
import { span } from './spans.fixture.ts';

/** `a 0, b 1, c 2`: the rows with their depth. */
function outline(tree: SpanTree, collapsed: string[] = []): string {
  return visibleRows(tree, new Set(collapsed))
    .map((row) => `${row.span.spanId} ${row.depth}`)
    .join(', ');
}

test('children stand below their parent in order of start, whatever order the spans came in', () => {
  const tree = buildSpanTree([
    span('d', 'b', 6, 1),
    span('c', 'a', 8, 2),
    span('b', 'a', 5, 2),
    span('a', null, 0, 10),
  ]);

  assert.equal(outline(tree), 'a 0, b 1, d 2, c 1');
  assert.equal(tree.byId.get('a')?.descendants, 3);
  assert.deepEqual([tree.startMs, tree.endMs], [0, 10]);
});

test('nothing below a collapsed span is visible', () => {
  const tree = buildSpanTree([
    span('a', null, 0, 10),
    span('b', 'a', 1, 5),
    span('c', 'b', 2, 3),
    span('d', 'a', 7, 1),
  ]);

  assert.equal(outline(tree, ['b']), 'a 0, b 1, d 1');
});

test('a span whose parent is missing becomes a root after the real one', () => {
  const tree = buildSpanTree([span('x', 'lost', 1, 2), span('y', 'x', 1.5, 1), span('a', null, 2, 10)]);

  assert.equal(outline(tree), 'a 0, x 0, y 1');
  assert.deepEqual(
    tree.roots.map((root) => root.isOrphan),
    [false, true],
  );
});

test('a ring of parents is opened at its earliest span', () => {
  const tree = buildSpanTree([
    span('a', 'c', 3, 1),
    span('b', 'a', 1, 1),
    span('c', 'b', 2, 1),
    span('self', 'self', 9, 1),
  ]);

  assert.equal(outline(tree), 'b 0, c 1, a 2, self 0');
  assert.ok(tree.roots.every((root) => root.isOrphan));
});

test('of spans with the same id the first counts', () => {
  const tree = buildSpanTree([span('a', null, 0, 10), span('a', null, 5, 1), span('b', 'a', 1, 1)]);

  assert.equal(outline(tree), 'a 0, b 1');
});

test('a trace without spans is an empty tree', () => {
  assert.deepEqual(visibleRows(buildSpanTree([]), new Set()), []);
});

test('a child of another process that starts before its parent is moved into the middle of it, with all below it', () => {
  const tree = buildSpanTree([span('a', null, 100, 10), span('b', 'a', 40, 4, 'gift'), span('c', 'b', 41, 2, 'gift')]);

  const { b, c } = { b: tree.byId.get('b')!, c: tree.byId.get('c')! };
  assert.deepEqual([b.startMs, b.endMs, b.skewMs], [103, 107, 63]);
  assert.deepEqual([c.startMs, c.endMs, c.skewMs], [104, 106, 63]);
  assert.equal(tree.startMs, 100);
});

test('a skewed child that is longer than its parent starts with it', () => {
  const tree = buildSpanTree([span('a', null, 100, 10), span('b', 'a', 40, 30, 'gift')]);

  assert.deepEqual([tree.byId.get('b')?.startMs, tree.endMs], [100, 130]);
});

test('a child that outlives its parent keeps its times', () => {
  const tree = buildSpanTree([span('a', null, 0, 10), span('b', 'a', 8, 20, 'gift')]);

  assert.deepEqual([tree.byId.get('b')?.endMs, tree.byId.get('b')?.skewMs, tree.endMs], [28, 0, 28]);
});

test('a child of the same process keeps its times even if it starts early', () => {
  const tree = buildSpanTree([span('a', null, 10, 10), span('b', 'a', 9, 5)]);

  assert.equal(tree.byId.get('b')?.skewMs, 0);
});

test('a chain of a hundred thousand spans is no stack overflow', () => {
  const chain = Array.from({ length: 100_000 }, (_, i) => span(`s${i}`, i === 0 ? null : `s${i - 1}`, i, 1));

  const tree = buildSpanTree(chain);

  assert.equal(visibleRows(tree, new Set()).length, 100_000);
  assert.equal(tree.roots[0]?.descendants, 99_999);
});
