import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, it } from 'node:test';
import { random } from '../../../../test/conformance/websocket/random.ts';
import { Utf8Check } from './utf8-check.ts';

describe('Utf8Check', () => {
  it('agrees with the platform about random bytes in random parts', () => {
    const seed = Date.now() % 1_000_000;
    const next = random(seed);
    // Mostly bytes that matter: ASCII, first bytes, continuations and those that are never right.
    const pick = [
      0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5,
    ];
    for (let turn = 0; turn < 20_000; turn++) {
      const bytes = Buffer.from(
        Array.from({ length: next(9) }, () => (next(8) === 0 ? next(256) : pick[next(pick.length)]!)),
      );
      const check = new Utf8Check();
      let isValid = true;
      for (let at = 0; at < bytes.length && isValid; ) {
        const end = Math.min(bytes.length, at + 1 + next(4));
        isValid = check.push(bytes, at, end);
        at = end;
      }

      assert.equal(isValid && check.isComplete, isUtf8(bytes), `seed ${seed}, bytes ${bytes.toString('hex')}`);
    }
  });

  it('refuses a byte when it comes, for every text of three bytes', () => {
    const ends = [[], [0x80], [0x80, 0x80], [0x80, 0x80, 0x80], [0xbf], [0xbf, 0xbf], [0x90, 0x80, 0x80], [0xa0, 0x80]];
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second += 3) {
        const bytes = Buffer.of(first, second);
        const check = new Utf8Check();

        const mayGoOn = check.push(bytes, 0, 1) && check.push(bytes, 1, 2);

        const canBeCompleted = ends.some((end) => isUtf8(Buffer.concat([bytes, Buffer.from(end)])));
        assert.equal(mayGoOn, canBeCompleted, bytes.toString('hex'));
      }
    }
  });
});
