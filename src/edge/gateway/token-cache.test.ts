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

test('when it is full the token added first makes room', () => {
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
