import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { deflateMessage, inflateMessage } from './message-deflate.ts';

const sizes = [1, 5, 100, 1000, 33_000, 70_000, 1_000_000];

describe('a compressed message', () => {
  it('is read as it was, for every window, level and size', () => {
    for (const size of sizes) {
      for (const payload of [Buffer.alloc(size, 'flotilla '), randomBytes(size)]) {
        for (const windowBits of [9, 12, 15]) {
          for (const level of [1, 6, 9]) {
            const deflated = deflateMessage(payload, windowBits, level);
            const inflated = inflateMessage(deflated, size);

            assert.ok(typeof inflated !== 'string' && payload.equals(inflated), `${size}, ${windowBits}, ${level}`);
          }
        }
      }
    }
  });

  it('can be read with the window that was agreed on', () => {
    const payload = Buffer.concat([randomBytes(4000), Buffer.alloc(4000, 'x'), randomBytes(4000)]);
    for (const windowBits of [9, 10, 11, 12, 13, 14, 15]) {
      const deflated = Buffer.concat([deflateMessage(payload, windowBits, 6), Buffer.of(0, 0, 0xff, 0xff, 3, 0)]);

      assert.ok(payload.equals(inflateRawSync(deflated, { windowBits })), `${windowBits} bits`);
    }
  });

  it('is refused where it is one byte larger than it may be', () => {
    for (const size of sizes)
      assert.equal(inflateMessage(deflateMessage(Buffer.alloc(size), 15, 1), size - 1), 'too-large');
  });

  it('is refused where bytes are missing at its end', () => {
    const deflated = deflateMessage(randomBytes(500), 15, 1);
    for (let cut = 1; cut < deflated.length - 1; cut += 7)
      assert.equal(inflateMessage(deflated.subarray(0, -cut), 1000), 'corrupt', `${cut} bytes`);
  });

  it('costs no more than its limit when it is a bomb', () => {
    const bomb = deflateMessage(Buffer.alloc(100_000_000), 15, 9);
    const before = process.memoryUsage().arrayBuffers;

    const inflated = inflateMessage(bomb, 1_000_000);

    assert.equal(inflated, 'too-large');
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
  });
});
