import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSpans } from './find-spans.ts';
import { span } from './spans.fixture.ts';

const spans = [
  span('a', null, 0, 1, 'gateway'),
  { ...span('b', 'a', 0, 1, 'gift'), attributes: { 'db.statement': 'UPDATE wallet' } },
  { ...span('c', 'a', 0, 1, 'room'), events: [{ name: 'cache miss', timeMs: 0, attributes: {} }] },
];

test('spans are found by service, attribute and event, whatever the case', () => {
  const cases: [string, string[]][] = [
    ['GATEWAY', ['a']],
    ['wallet', ['b']],
    ['db.statement', ['b']],
    ['cache miss', ['c']],
    ['server', ['a', 'b', 'c']],
    ['  ', []],
    ['nothing', []],
  ];
  for (const [text, expected] of cases) assert.deepEqual([...findSpans(spans, text)], expected);
});
