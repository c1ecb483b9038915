import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasEncodedSeparator, namesOf } from './file-path.ts';

describe('namesOf', () => {
  for (const path of [
    'a',
    'a/b.js',
    'a b/c',
    'ä/日本.txt',
    'a..b/c...d',
    'con-1.txt',
    'nullable',
    'comm/lpt.txt',
    '~',
    '%2e',
  ]) {
    it(`takes ${path}`, () => assert.deepEqual(namesOf(path), path.split('/')));
  }

  const refused = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    '../a',
    'a/../b',
    'a/..',
    './a',
    '.env',
    'a/.git/config',
    '...',
    'a\\b',
    '..\\a',
    'c:',
    'C:\\a',
    'a:stream',
    'file::$DATA',
    'a\0',
    'a\n',
    'a\x7f',
    'a.',
    'a ',
    'a/b. /c',
    'con',
    'NUL',
    'Aux.txt',
    'a/prn.',
    'com1',
    'COM9.log',
    'lpt0',
    'com\xb9',
    'nul .txt',
    'CONIN$',
    'conout$.x',
  ];
  for (const path of refused) {
    it(`refuses ${JSON.stringify(path)}`, () => assert.equal(namesOf(path), undefined));
  }
});

describe('hasEncodedSeparator', () => {
  it('sees an encoded slash, backslash and NUL, and nothing else', () => {
    assert.deepEqual(
      ['/a%2fb', '/a%2Fb', '/a%5cb', '/a%5C', '/a%00', '/a/b', '/a%20b', '/a%252fb', '/%c3%a4'].map(
        hasEncodedSeparator,
      ),
      [true, true, true, true, true, false, false, false, false],
    );
  });
});
