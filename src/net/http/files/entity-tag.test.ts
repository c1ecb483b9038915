import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EntityTags, isEntityTag, parseEntityTags, strongMatch, weakMatch } from './entity-tag.ts';

describe('parseEntityTags', () => {
  const table: readonly [text: string, tags: EntityTags | undefined][] = [
    ['"a"', ['"a"']],
    ['""', ['""']],
    ['W/"a"', ['W/"a"']],
    ['"a", W/"b" ,"c"', ['"a"', 'W/"b"', '"c"']],
    ['"a,b", "c"', ['"a,b"', '"c"']],
    [', ,"a",,', ['"a"']],
    ['"\xe9"', ['"\xe9"']],
    ['"a\\"', ['"a\\"']],
    ['*', '*'],
    [' * ', '*'],
    ['', undefined],
    [',', undefined],
    ['a', undefined],
    ['"a', undefined],
    ['a"', undefined],
    ['w/"a"', undefined],
    ['W/ "a"', undefined],
    ['"a" "b"', undefined],
    ['"a b"', undefined],
    ['"a", *', undefined],
    ["'a'", undefined],
    [`${'"a",'.repeat(101)}`, undefined],
  ];
  for (const [text, tags] of table) {
    it(`reads ${JSON.stringify(text.slice(0, 40))}`, () => assert.deepEqual(parseEntityTags(text), tags));
  }
});

describe('comparison (RFC 9110, section 8.8.3.2, its table)', () => {
  const table: readonly [a: string, b: string, strong: boolean, weak: boolean][] = [
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
  ];
  for (const [a, b, strong, weak] of table) {
    it(`of ${a} and ${b}`, () => assert.deepEqual([strongMatch(a, b), weakMatch(a, b)], [strong, weak]));
  }
});

describe('isEntityTag', () => {
  it('takes one tag and nothing else', () => {
    assert.deepEqual(['"a"', 'W/"a"', '"a" ', '*', 'a', '"a", "b"', ''].map(isEntityTag), [
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
