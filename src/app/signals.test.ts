import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignalPolicy } from './signals.ts';

describe('SignalPolicy', () => {
  const cases: [what: string, at: readonly number[], meanings: readonly string[]][] = [
    ['the first asks for a drain', [1_000], ['drain']],
    ['those within 300 ms are the same keystroke', [0, 1, 150, 299], ['drain', 'repeat', 'repeat', 'repeat']],
    ['a later one ends at once', [0, 300], ['drain', 'force']],
    ['repeats do not prolong the keystroke', [0, 200, 301], ['drain', 'repeat', 'force']],
    ['a keystroke that forces has repeats too', [0, 1_000, 1_001], ['drain', 'force', 'repeat']],
  ];
  for (const [what, at, meanings] of cases) {
    it(what, () => {
      const policy = new SignalPolicy();

      assert.deepEqual(
        at.map((now) => policy.receive(now)),
        meanings,
      );
    });
  }
});
