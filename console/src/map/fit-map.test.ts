import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitMap } from './fit-map.ts';

const graph = {
  nodes: ['a', 'b', 'c'].map((service) => ({ service })),
  edges: [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
  ],
};

test('a wide page has its layers side by side and fills its width', () => {
  const { layout, direction } = fitMap(graph, 800);

  assert.equal(direction, 'right');
  assert.equal(layout.width, 800);
});

test('a phone has its layers below each other', () => {
  const { layout, direction } = fitMap(graph, 358);

  assert.equal(direction, 'down');
  assert.ok(layout.width <= 358);
});

test('very wide pages do not tear the map apart', () => {
  assert.ok(fitMap(graph, 3000).layout.width < 1000);
});
