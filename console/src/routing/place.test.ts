import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlace, numberParam, paramsOf, parsePlace } from './place.ts';

test('an address round-trips with anything in its segments and parameters', () => {
  const path = ['services', 'live/room & co', '日本'];
  const params = { q: 'a=b&c #1', level: 'warn' };

  const place = parsePlace(formatPlace(path, params));

  assert.deepEqual(place.path, path);
  assert.deepEqual(paramsOf(place), params);
});

test('empty, undefined and false parameters are left out', () => {
  assert.equal(formatPlace(['traces'], { service: '', q: undefined, error: false }), '#/traces');
  assert.equal(formatPlace(['traces'], { error: true, limit: 50 }), '#/traces?error=1&limit=50');
});

test('no address is the empty path', () => {
  for (const hash of ['', '#', '#/', '/']) assert.deepEqual(parsePlace(hash).path, []);
});

test('a malformed escape is taken literally', () => {
  assert.deepEqual(parsePlace('#/traces/%zz').path, ['traces', '%zz']);
});

test('a number parameter must be a number in its range', () => {
  const { params } = parsePlace('#/traces?a=12.5&b=-1&c=x&d=&e=Infinity');

  assert.equal(numberParam(params, 'a'), 12.5);
  for (const name of ['b', 'c', 'd', 'e', 'f']) assert.equal(numberParam(params, name), undefined);
});
