import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimZeros } from './trim-zeros.ts';

test('zeros behind the point go, all others stay', () => {
  const cases: [string, string][] = [
    ['2.00 ms', '2 ms'],
    ['1.50/s', '1.5/s'],
    ['1.20k/s', '1.2k/s'],
    ['100 ms', '100 ms'],
    ['10.05%', '10.05%'],
    ['70.0 MiB', '70 MiB'],
    ['0 ms', '0 ms'],
    ['2m 00s', '2m 00s'],
    ['–', '–'],
  ];
  for (const [text, expected] of cases) assert.equal(trimZeros(text), expected);
});
