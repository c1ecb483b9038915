import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wireNames } from '../../../call/index.ts';
import { framing, HeaderName, hashOf, maskOf, slotMask, watched, watchedNames } from './header-name.ts';

test('no two watched names share a slot or a bit', () => {
  const slots = new Set(watchedNames.map((name) => hashOf(name) & slotMask));
  const bits = new Set(watchedNames.map((name) => new HeaderName(name).bit));

  assert.equal(slots.size, watchedNames.length);
  assert.equal(bits.size, watchedNames.length);
  assert.equal(bits.has(0), false);
  assert.equal(watched.size, watchedNames.length);
});

test('the framing names come first, in their order', () => {
  assert.deepEqual(watchedNames.slice(0, Object.keys(framing).length), [
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'expect',
    'upgrade',
  ]);
});

test('the fields that travel with calls are watched', () => {
  for (const name of Object.values(wireNames)) assert.notEqual(new HeaderName(name).bit, 0, name);
});

test('takes a name in any letters, and refuses what is no token', () => {
  assert.equal(new HeaderName('X-Trace').name, 'x-trace');
  for (const name of ['', 'a b', 'a:', 'é', 'a\n', 'ſ']) {
    assert.throws(() => new HeaderName(name), { name: 'TypeError', message: /a header name is one token/ });
  }
});

test('makes no mask of a name that is not watched', () => {
  assert.throws(() => maskOf([new HeaderName('x-trace')]), {
    name: 'TypeError',
    message: 'the header x-trace is not watched',
  });
});
