import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from './answer-cache.ts';

test('the answer that was used longest ago makes room', () => {
  const cache = new AnswerCache(2);
  cache.set('a', 1);
  cache.set('b', 2);

  cache.get('a');
  cache.set('c', 3);

  assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3]);
});

test('a new answer replaces the old one', () => {
  const cache = new AnswerCache();
  cache.set('a', 1);

  cache.set('a', 2);

  assert.equal(cache.get('a'), 2);
});
