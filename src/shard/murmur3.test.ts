import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { murmur3 } from './murmur3.ts';

/** The reference, byte by byte. */
function ofBytes(bytes: Uint8Array, seed: number): number {
  let hash = seed;
  const blocks = bytes.length >> 2;
  const scramble = (word: number) => {
    const mixed = Math.imul(word, 0xcc9e2d51);
    return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let block = 0; block < blocks; block++) {
    hash ^= scramble(view.getInt32(block * 4, true));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = bytes.length - 1; i >= blocks * 4; i--) tail = (tail << 8) | bytes[i]!;
  if (bytes.length % 4 !== 0) hash ^= scramble(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

describe('murmur3', () => {
  // Published test vectors of MurmurHash3_x86_32 hold the reference.
  const vectors: readonly (readonly [string, number, number])[] = [
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ];
  for (const [text, seed, expected] of vectors) {
    it(`reference of "${text}" with seed ${seed}`, () => {
      assert.equal(ofBytes(new TextEncoder().encode(text), seed), expected);
    });
  }

  it('is the reference of the UTF-16 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer(), (text, seed) => {
        assert.equal(murmur3(text, seed), ofBytes(new Uint8Array(Buffer.from(text, 'utf16le')), seed));
      }),
    );
  });

  it('never changes', () => {
    assert.deepEqual(
      ['', 'room-7', 'grüße', '世界'].map((text) => murmur3(text)),
      [0, 35_224_554, 2_116_407_466, 1_428_577_284],
    );
  });
});
