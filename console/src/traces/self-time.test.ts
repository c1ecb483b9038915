import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfTimeMs } from './self-time.ts';
import { buildSpanTree } from './span-tree.ts';
import { span } from './spans.fixture.ts';

test('what children cover, alone or together, is not self time', () => {
  const root = span('a', null, 0, 10);
  const cases: [number, ReturnType<typeof span>[]][] = [
    [10, []],
    [7, [span('b', 'a', 1, 3)]],
    [5, [span('b', 'a', 1, 3), span('c', 'a', 2, 4)]],
    [6, [span('b', 'a', 1, 4), span('c', 'a', 2, 1)]],
    [8, [span('b', 'a', 8, 20)]],
  ];
  for (const [expected, children] of cases) {
    assert.equal(selfTimeMs(buildSpanTree([root, ...children]).byId.get('a')!), expected);
  }
});
