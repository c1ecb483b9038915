import assert from 'node:assert/strict';
import { random } from './random.ts';

export type Said = string | Buffer;

/** What is said to an echo, and must come back as it was: every size class, every kind of text, and some at random. */
export function conversation(seed: number): readonly Said[] {
  const next = random(seed);
  const sizes = [0, 1, 60, 125, 126, 127, 1023, 1024, 4096, 4097, 65_535, 65_536, 300_000];
  const letters = ['a', ' ', 'é', '€', '中', '𝄞', '\u0000', '\ufeff', '\uffff'];
  return [
    ...sizes.map((size) => 'x'.repeat(size)),
    ...sizes.map((size) => Buffer.alloc(size, 0xfe)),
    ...letters.map((letter) => letter.repeat(700)),
    JSON.stringify(Array.from({ length: 3000 }, (_, id) => ({ id, name: `user ${id}`, isOnline: id % 3 === 0 }))),
    ...Array.from({ length: 60 }, () => {
      const size = next(5000);
      return next(2) === 0
        ? Array.from({ length: size }, () => letters[next(letters.length)]!).join('')
        : Buffer.from(Array.from({ length: size }, () => next(256)));
    }),
  ];
}

/** Says which message came back changed, and not with all its letters. */
export function assertHeard(heard: readonly Said[], said: readonly Said[]): void {
  assert.equal(heard.length, said.length);
  for (const [index, message] of said.entries()) {
    const came = heard[index]!;
    const isSame = typeof came === 'string' ? came === message : Buffer.isBuffer(message) && message.equals(came);
    assert.ok(
      isSame,
      `message ${index}, a ${typeof message} of ${message.length}, came back as a ${typeof came} of ${came.length}`,
    );
  }
}
