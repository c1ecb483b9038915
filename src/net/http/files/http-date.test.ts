import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

const now = Date.UTC(2026, 5, 1);
const november = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('parseHttpDate', () => {
  const valid: readonly [text: string, time: number][] = [
    ['Sun, 06 Nov 1994 08:49:37 GMT', november],
    ['Sunday, 06-Nov-94 08:49:37 GMT', november],
    ['Sun Nov  6 08:49:37 1994', november],
    ['Wed Nov 16 08:49:37 1994', november + 10 * 86_400_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Thu, 29 Feb 2024 23:59:59 GMT', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['Saturday, 01-Jun-75 00:00:00 GMT', Date.UTC(2075, 5, 1)],
    ['Monday, 01-Jun-76 00:00:00 GMT', Date.UTC(2076, 5, 1)],
    ['Wednesday, 01-Jun-77 00:00:00 GMT', Date.UTC(1977, 5, 1)],
    ['Wed, 01 Jan 0098 00:00:00 GMT', new Date('0098-01-01').getTime()],
  ];
  for (const [text, time] of valid) {
    it(`reads ${text}`, () => assert.equal(parseHttpDate(text, now), time));
  }

  const invalid = [
    '',
    '784111777',
    '1994-11-06T08:49:37Z',
    'Mon, 06 Nov 1994 08:49:37 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 1994 08:49:37 GMT ',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun,  06 Nov 1994 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Sun, 06 NOV 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Thu, 30 Feb 2023 00:00:00 GMT',
    'Wed, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06-Nov-94 08:49:37 GMT',
    'Monday, 06-Nov-94 08:49:37 GMT',
    'Sunday, 06-Nov-1994 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun Nov 06 08:49:37 94',
    'Sun Nov  6 08:49:37 1994 GMT',
    'Foo, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
  ];
  for (const text of invalid) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseHttpDate(text, now), undefined));
  }

  it('reads what formatHttpDate writes, for any second of any year', () => {
    const last = Date.UTC(9999, 11, 31, 23, 59, 59);
    for (let time = 0; time < last; time += 86_400_000 * 97 + 12_345_000)
      assert.equal(parseHttpDate(formatHttpDate(time), now), time);
  });
});
