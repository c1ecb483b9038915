import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FloodGate } from './flood-gate.ts';

const nothing = () => assert.fail('nothing was held back');

test('lets the first lines of each kind pass and counts the rest', () => {
  const gate = new FloodGate({ limit: 2, windowMs: 100 });

  const passed = ['a', 'a', 'a', 'b', 'a'].map((kind) => gate.pass(kind, 0, nothing));

  assert.deepEqual(passed, [true, true, false, true, false]);
  assert.deepEqual([...gate.take()], [['a', 2]]);
  assert.deepEqual([...gate.take()], []);
});

test('tells what a window held back when the next one begins', () => {
  const gate = new FloodGate({ limit: 1, windowMs: 100 });
  for (let count = 0; count < 4; count++) gate.pass('a', 0, nothing);
  let held: ReadonlyMap<string, number> = new Map();

  const passed = gate.pass('a', 100, (all) => {
    held = all;
  });

  assert.equal(passed, true);
  assert.deepEqual([...held], [['a', 3]]);
});

test('counts kinds beyond its bound together', () => {
  const gate = new FloodGate({ limit: 1 });
  for (let kind = 0; kind < 500; kind++) gate.pass(`kind ${kind}`, 0, nothing);

  assert.equal(gate.pass('kind 500', 0, nothing), true);
  assert.equal(gate.pass('kind 501', 0, nothing), false);
});
