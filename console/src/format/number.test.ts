import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatCount, formatNumber, formatPercent, formatRate, formatUnit } from './number.ts';

test('a rate is short and says per second', () => {
  const cases: [number | null, string][] = [
    [null, '–'],
    [0, '0/s'],
    [0.033, '0.03/s'],
    [12.44, '12.4/s'],
    [120, '120/s'],
    [1200, '1.20k/s'],
    [0.0033, '0.0033/s'],
  ];
  for (const [value, expected] of cases) assert.equal(formatRate(value), expected);
});

test('a share that is not zero never reads as zero', () => {
  const cases: [number, string][] = [
    [0, '0%'],
    [0.00001, '<0.01%'],
    [0.0012, '0.12%'],
    [0.01, '1%'],
    [0.256, '25.6%'],
    [1, '100%'],
  ];
  for (const [value, expected] of cases) assert.equal(formatPercent(value), expected);
});

test('a number is scaled by thousands', () => {
  const cases: [number, string][] = [
    [0.00001, '1.0e-5'],
    [42, '42'],
    [999.6, '1.00k'],
    [45_600, '45.6k'],
    [7_800_000, '7.80M'],
    [-1500, '-1.50k'],
  ];
  for (const [value, expected] of cases) assert.equal(formatNumber(value), expected);
});

test('bytes are scaled by 1,024 and counts are grouped', () => {
  assert.equal(formatBytes(512), '512 B');
  assert.equal(formatBytes(73_400_320), '70.0 MiB');
  assert.equal(formatCount(12_345), '12,345');
});

test('a value reads in the unit of its metric', () => {
  assert.equal(formatUnit(2048, 'By'), '2.00 KiB');
  assert.equal(formatUnit(3, '{call}'), '3');
  assert.equal(formatUnit(0.5, '1'), '0.5');
  assert.equal(formatUnit(0.012, 's'), '12.0 ms');
  assert.equal(formatUnit(5, 'Cel'), '5 Cel');
  assert.equal(formatUnit(2048, 'By/s'), '2.00 KiB/s');
  assert.equal(formatUnit(1.5, '{gift}/s'), '1.5/s');
  assert.equal(formatUnit(undefined, 'By'), '–');
});
