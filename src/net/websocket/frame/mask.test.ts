import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advanceKey, mask } from './mask.ts';

/** RFC 6455 section 5.3, byte by byte. */
function plainly(bytes: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, i) => byte ^ key[i % 4]!));
}

const keyBytes = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
const key = keyBytes.readInt32LE();

describe('masking', () => {
  it('is that of the RFC for every length and every alignment', () => {
    for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 63, 190, 191, 192, 193, 195, 196, 1000, 4099]) {
      for (let offset = 0; offset < 8; offset++) {
        const whole = Buffer.alloc(offset + length + 5, 0xaa);
        for (let i = 0; i < length; i++) whole[offset + i] = i * 31;
        const expected = plainly(whole.subarray(offset, offset + length), keyBytes);

        mask(whole, offset, offset + length, key);

        assert.deepEqual(whole.subarray(offset, offset + length), expected, `${length} bytes at ${offset}`);
        assert.ok(
          whole.subarray(0, offset).every((byte) => byte === 0xaa),
          'what stands before is left alone',
        );
        assert.ok(
          whole.subarray(offset + length).every((byte) => byte === 0xaa),
          'what follows is left alone',
        );
      }
    }
  });

  it('of a part goes on with the key that the part before has left', () => {
    for (const length of [10, 500]) {
      for (let cut = 0; cut <= length; cut++) {
        const bytes = Buffer.alloc(length, 0x5a);
        const expected = plainly(bytes, keyBytes);

        mask(bytes, 0, cut, key);
        mask(bytes, cut, length, advanceKey(key, cut));

        assert.deepEqual(bytes, expected, `cut at ${cut}`);
      }
    }
  });

  it('tells whether what comes out is ASCII, wherever the one byte stands that is not', () => {
    for (const length of [5, 300]) {
      for (let at = -1; at < length; at++) {
        const bytes = Buffer.alloc(length, 'a');
        if (at >= 0) bytes[at] = 0x80;
        const masked = plainly(bytes, keyBytes);

        assert.equal(mask(masked, 0, length, key), at < 0, `${length} bytes, not ASCII at ${at}`);
      }
    }
  });
});
