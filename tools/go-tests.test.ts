import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counterparts, expectedPage, table } from './go-tests.ts';

test('the table of the tests of Go is as the comments above our tests say', () => {
  const { now, expected } = expectedPage();

  assert.equal(now, expected, 'write it anew with: node tools/go-tests.ts');
});

test('a comment names one or more tests, and belongs to the next test', () => {
  const text = "  // Go: src/a_test.go TestA, TestB; src/b_test.go TestC\n  test('is so', () => {});";

  assert.deepEqual(
    counterparts('x.test.ts', text).map(({ goFile, goTest, title }) => [goFile, goTest, title]),
    [
      ['src/a_test.go', 'TestA, TestB', 'is so'],
      ['src/b_test.go', 'TestC', 'is so'],
    ],
  );
  assert.match(table(counterparts('x.test.ts', text)), /\| `src\/b_test.go` TestC \| is so \| `x.test.ts` \|/);
});

test('a comment above no test is an error', () => {
  assert.throws(() => counterparts('x.test.ts', '// Go: test/chan/fifo.go\nconst x = 1;'), /no test follows/);
});
