import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgePath } from './edge-path.ts';

const a = { x: 0, y: 0 };
const b = { x: 100, y: 40 };
const radii = { fromRadius: 10, toRadius: 20 };

test('an edge runs from rim to rim with an arrow at its end', () => {
  const { d, arrow, samples } = edgePath(
    { from: 'a', to: 'b', points: [a, b], isBackward: false },
    { direction: 'right', ...radii },
  );

  assert.equal(d, 'M10,0C40.5,0 40.5,40 71,40');
  assert.equal(arrow, '80,40 71,35.5 71,44.5');
  assert.deepEqual(samples[11], { x: 40.5, y: 20 });
});

test('downwards everything is turned', () => {
  const { d, samples } = edgePath(
    { from: 'a', to: 'b', points: [a, { x: 40, y: 100 }], isBackward: false },
    { direction: 'down', ...radii },
  );

  assert.equal(d, 'M0,10C0,40.5 40,40.5 40,71');
  assert.deepEqual(samples[11], { x: 20, y: 40.5 });
});

test('an edge over layers passes through its points', () => {
  const { d, samples } = edgePath(
    { from: 'a', to: 'c', points: [a, { x: 50, y: 30 }, { x: 100, y: 0 }], isBackward: false },
    { direction: 'right', ...radii },
  );

  assert.match(d, / 50,30C/);
  assert.ok(samples.some(({ x, y }) => x > 45 && x < 55 && y > 29));
});

test('a backward edge bulges out at the side', () => {
  const { d, samples } = edgePath(
    { from: 'b', to: 'a', points: [b, a], isBackward: true },
    { direction: 'right', ...radii },
  );

  assert.ok(d.startsWith('M100,50C'));
  assert.ok(Math.max(...samples.map(({ y }) => y)) > b.y + radii.fromRadius);
});
