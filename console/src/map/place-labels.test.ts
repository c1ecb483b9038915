import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Point } from './map-layout.ts';
import { placeLabels } from './place-labels.ts';

function line(from: Point, to: Point, count = 41): Point[] {
  return Array.from({ length: count }, (_, i) => ({
    x: from.x + ((to.x - from.x) * i) / (count - 1),
    y: from.y + ((to.y - from.y) * i) / (count - 1),
  }));
}

test('a label on an edge of its own stands in the middle', () => {
  assert.deepEqual(placeLabels([line({ x: 0, y: 0 }, { x: 400, y: 0 })]), [{ x: 200, y: 0 }]);
});

test('where two edges cross, both labels keep away from the crossing', () => {
  const labels = placeLabels([line({ x: 0, y: 0 }, { x: 400, y: 200 }), line({ x: 0, y: 200 }, { x: 400, y: 0 })]);

  for (const { x } of labels) assert.ok(Math.abs(x - 200) > 20, `a label at ${x} lies on the crossing at 200`);
});

test('labels of edges side by side do not cover each other', () => {
  const labels = placeLabels([line({ x: 0, y: 0 }, { x: 400, y: 10 }), line({ x: 0, y: 0 }, { x: 400, y: -10 })]);

  assert.notDeepEqual(labels[0], labels[1]);
});

test('no edges have no labels', () => {
  assert.deepEqual(placeLabels([]), []);
});
