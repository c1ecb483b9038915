import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Coding, chooseCoding, chooseLanguage, chooseType } from './negotiate.ts';

describe('chooseCoding (RFC 9110, section 12.5.3)', () => {
  const all: readonly Coding[] = ['zstd', 'br', 'gzip'];
  const table: readonly [header: string | undefined, offered: readonly Coding[], chosen: string | undefined][] = [
    [undefined, all, 'identity'],
    ['', all, 'identity'],
    ['gzip', all, 'gzip'],
    ['GZip', all, 'gzip'],
    ['x-gzip', all, 'gzip'],
    ['gzip, deflate, br, zstd', all, 'zstd'],
    ['gzip, deflate, br', all, 'br'],
    ['gzip,br', ['gzip', 'br'], 'gzip'],
    ['gzip;q=1.0, br;q=0.5', all, 'gzip'],
    ['gzip;q=0.5, br;q=0.501', all, 'br'],
    ['gzip;q=0', all, 'identity'],
    ['gzip;q=0.000', all, 'identity'],
    ['gzip ; q=0.001', all, 'gzip'],
    ['gzip;Q=0.3', all, 'gzip'],
    ['compress, gzip', all, 'gzip'],
    ['*', all, 'zstd'],
    ['*;q=0.1', all, 'zstd'],
    ['gzip, *;q=0', all, 'gzip'],
    ['br, *;q=0', ['gzip'], undefined],
    ['zstd;q=0, *', all, 'br'],
    ['identity', all, 'identity'],
    ['identity, gzip', all, 'gzip'],
    ['identity;q=0.5, gzip;q=0.3', all, 'identity'],
    ['identity;q=0.3, gzip;q=0.5', all, 'gzip'],
    ['identity;q=0', all, undefined],
    ['identity;q=0, gzip;q=0.1', all, 'gzip'],
    ['*;q=0', all, undefined],
    ['*;q=0, identity;q=0.1', all, 'identity'],
    ['deflate', all, 'identity'],
    ['gzip;q=2', all, 'identity'],
    ['gzip;q=1.001', all, 'identity'],
    ['gzip;q=0.1234', all, 'identity'],
    ['gzip;q=-1', all, 'identity'],
    ['gzip;q=', all, 'identity'],
    [',, gzip ,', all, 'gzip'],
    ['gzip', [], 'identity'],
  ];
  for (const [header, offered, chosen] of table) {
    it(`${header} of ${offered}: ${chosen}`, () => assert.equal(chooseCoding(header, offered), chosen));
  }
});

describe('chooseType (RFC 9110, section 12.5.1)', () => {
  const table: readonly [header: string | undefined, offered: readonly string[], chosen: string | undefined][] = [
    [undefined, ['a/b', 'c/d'], 'a/b'],
    ['', ['a/b'], 'a/b'],
    ['*/*', ['a/b', 'c/d'], 'a/b'],
    ['c/d', ['a/b', 'c/d'], 'c/d'],
    ['C/D', ['a/b', 'c/d'], 'c/d'],
    ['c/*', ['a/b', 'c/d'], 'c/d'],
    ['x/y', ['a/b', 'c/d'], undefined],
    ['a/b;q=0.5, c/d;q=0.6', ['a/b', 'c/d'], 'c/d'],
    ['a/b;q=0, */*', ['a/b', 'c/d'], 'c/d'],
    ['*/*;q=0.9, a/*;q=0.1, a/b;q=0.5', ['a/b', 'c/d'], 'c/d'],
    [
      'text/*;q=0.3, text/html;q=0.7, text/html;level=1',
      ['text/plain', 'text/html', 'text/html;level=1'],
      'text/html;level=1',
    ],
    ['text/html;level=1', ['text/html'], undefined],
    ['text/html', ['text/html; charset=utf-8'], 'text/html; charset=utf-8'],
    [
      'text/html;charset=utf-8;q=0.4, application/json;q=0.5',
      ['text/html; charset=utf-8', 'application/json'],
      'application/json',
    ],
    ['text/plain;x="a,b;q=0", c/d;q=0.1', ['c/d'], 'c/d'],
    ['text/html, application/json;q=0.9, */*;q=0.8', ['application/json', 'text/html'], 'text/html'],
    ['nonsense', ['a/b'], undefined],
  ];
  for (const [header, offered, chosen] of table) {
    it(`${header} of ${offered.join(' | ')}: ${chosen}`, () => assert.equal(chooseType(header, offered), chosen));
  }
});

describe('chooseLanguage (RFC 9110, section 12.5.4)', () => {
  const table: readonly [header: string | undefined, offered: readonly string[], chosen: string | undefined][] = [
    [undefined, ['en', 'de'], 'en'],
    ['de', ['en', 'de'], 'de'],
    ['de', ['en', 'de-CH'], 'de-CH'],
    ['de-CH', ['en', 'de'], undefined],
    ['d', ['de'], undefined],
    ['da, en-gb;q=0.8, en;q=0.7', ['en', 'en-GB'], 'en-GB'],
    ['fr, *;q=0.1', ['en'], 'en'],
    ['*, en;q=0', ['en', 'de'], 'de'],
    ['en;q=0', ['en'], undefined],
  ];
  for (const [header, offered, chosen] of table) {
    it(`${header} of ${offered}: ${chosen}`, () => assert.equal(chooseLanguage(header, offered), chosen));
  }
});
