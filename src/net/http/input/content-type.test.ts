import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isUtf8, parseContentType } from './content-type.ts';

describe('parseContentType', () => {
  const good: readonly [text: string, essence: string, parameters: Record<string, string>][] = [
    ['text/plain', 'text/plain', {}],
    ['Application/JSON ; Charset=UTF-8', 'application/json', { charset: 'UTF-8' }],
    ['multipart/form-data; boundary="a b;\\"c"', 'multipart/form-data', { boundary: 'a b;"c' }],
    ['text/plain;;a=;'.replace('a=;', 'a=b;'), 'text/plain', { a: 'b' }],
    ['text/plain;\ta=""', 'text/plain', { a: '' }],
  ];
  for (const [text, essence, parameters] of good) {
    it(`reads ${text}`, () => {
      const type = parseContentType(text);

      assert.equal(type?.essence, essence);
      assert.deepEqual(Object.fromEntries(type?.parameters ?? []), parameters);
    });
  }

  for (const text of [
    '',
    'text',
    'text/',
    '/plain',
    'text/plain, text/html',
    'text/plain; a',
    'text/plain; a=b c',
    'text/plain; a="b',
    'text/plain; a=b; A=c',
    'text /plain',
    'text/plain; a =b',
  ]) {
    it(`refuses "${text}"`, () => assert.equal(parseContentType(text), undefined));
  }

  it('refuses a long run of blanks as soon as it has seen it', () => {
    // In time that grows with the square of its length this would take minutes.
    assert.equal(parseContentType(`text/plain;${' '.repeat(200_000)}"`), undefined);
  });

  it('takes no charset for UTF-8', () => {
    const table = [
      ['text/a', true],
      ['text/a; charset=utf8', true],
      ['text/a; charset="UTF-8"', true],
      ['text/a; charset=latin1', false],
    ] as const;

    for (const [text, expected] of table) assert.equal(isUtf8(parseContentType(text)!), expected, text);
  });
});
