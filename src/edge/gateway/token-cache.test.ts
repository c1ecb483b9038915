import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenCache } from './token-cache.ts';

const ann = { tenant: 'acme', principal: 'ann' };

test('a token is good until it ends, and not a millisecond longer', () => {
  const cache = new TokenCache(10);

  cache.set('t', ann, 1_000, 5_000);

  assert.equal(cache.get('t', 4_999), ann);
  assert.equal(cache.get('t', 5_000), undefined);
});

test('after a minute a token is checked again, so that a removed key is noticed', () => {
  const cache = new TokenCache(10);

  cache.set('t', ann, 0, 3_600_000);

  assert.equal(cache.get('t', 59_999), ann);
  assert.equal(cache.get('t', 60_000), undefined);
});

test('a token is recalled until it ends, or is found bad', () => {
  const cache = new TokenCache(10);

  cache.set('t', ann, 0, 3_600_000);
  cache.set('bad', ann, 0, 3_600_000);
  cache.delete('bad');

  assert.equal(cache.recall('t', 3_599_999), ann);
  assert.equal(cache.recall('t', 3_600_000), undefined);
  assert.equal(cache.recall('bad', 1), undefined);
});

test("a token that is checked again keeps its place, and takes nobody else's", () => {
  const cache = new TokenCache(2);

  for (const token of ['a', 'b', 'a', 'c']) cache.set(token, ann, 0, 1_000);

  assert.deepEqual(
    ['a', 'b', 'c'].map((token) => cache.get(token, 1) !== undefined),
    [true, false, true],
  );
});

test('when it is full the token checked first makes room', () => {
  const cache = new TokenCache(2);

  for (const token of ['a', 'b', 'c']) cache.set(token, ann, 0, 1_000);

  assert.deepEqual(
    ['a', 'b', 'c'].map((token) => cache.get(token, 1) !== undefined),
    [false, true, true],
  );
});

test('a size of 0 keeps nothing', () => {
  const cache = new TokenCache(0);

  cache.set('t', ann, 0, 1_000);

  assert.equal(cache.get('t', 1), undefined);
});
