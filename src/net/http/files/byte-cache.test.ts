import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteCache } from './byte-cache.ts';

describe('ByteCache', () => {
  it('lets go first what was not asked for the longest', () => {
    const cache = new ByteCache<string>(10);
    cache.put('a', 'A', 4);
    cache.put('b', 'B', 4);
    cache.get('a');

    cache.put('c', 'C', 4);

    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c'), cache.bytes], ['A', undefined, 'C', 8]);
  });

  it('replaces a value with its weight', () => {
    const cache = new ByteCache<string>(10);
    cache.put('a', 'A', 9);

    cache.put('a', 'B', 3);

    assert.deepEqual([cache.get('a'), cache.bytes], ['B', 3]);
  });

  it('keeps nothing that is heavier than all room, and forgets what it would have replaced', () => {
    const cache = new ByteCache<string>(10);
    cache.put('a', 'A', 1);
    cache.put('b', 'B', 1);

    cache.put('a', 'AA', 11);

    assert.deepEqual([cache.get('a'), cache.get('b'), cache.bytes], [undefined, 'B', 1]);
  });

  it('makes room for a value that grows, but not for one that was replaced', () => {
    const cache = new ByteCache<string>(10);
    cache.put('a', 'A', 4);
    cache.put('b', 'B', 4);

    cache.grow('b', 'former', 100);
    cache.grow('b', 'B', 4);

    assert.deepEqual([cache.get('a'), cache.get('b'), cache.bytes], [undefined, 'B', 8]);
  });

  it('never holds more than it may', () => {
    const cache = new ByteCache<number>(100);
    for (let i = 0; i < 1000; i++) {
      cache.put(String(i % 37), i, (i * 7919) % 60);
      cache.grow(String(i % 11), i, i % 5);

      assert.ok(cache.bytes <= 100);
    }
  });
});
