import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from '../concurrency/index.ts';
import { isLaneName, laneOf, servingLane, withFields } from './index.ts';

test('the lane of a Context is that of its call, and none outside of any', () => {
  assert.equal(laneOf(withFields(background(), { lane: 'blue' })), 'blue');
  assert.equal(laneOf(background()), '');
});

test('of the consumer groups of a topic exactly one takes a message', () => {
  const groups = ['', 'blue', 'green'];
  const isLive = (lane: string) => lane === 'blue' || lane === 'green';

  for (const message of ['', 'blue', 'green', 'red']) {
    const takers = groups.filter((group) => servingLane(message, isLive) === group);

    assert.deepEqual(takers, [message === 'red' ? '' : message]);
  }
});

const names = [
  ['blue', true],
  ['feature-7', true],
  ['7', true],
  ['', false],
  ['Blue', false],
  ['-a', false],
  ['a-', false],
  ['a.b', false],
  ['a b', false],
  ['x'.repeat(63), true],
  ['x'.repeat(64), false],
] as const;
for (const [name, isGood] of names) {
  test(`"${name}" may ${isGood ? '' : 'not '}be the name of a lane`, () => {
    assert.equal(isLaneName(name), isGood);
  });
}
