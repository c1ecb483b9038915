import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rangeParts } from './multipart-ranges.ts';
import { contentRange, type RangeOutcome, selectRanges } from './ranges.ts';

/** `0-4,9-9` for two ranges. */
function shown(outcome: RangeOutcome): string {
  return typeof outcome === 'string' ? outcome : outcome.map(({ first, last }) => `${first}-${last}`).join(',');
}

describe('selectRanges', () => {
  const table: readonly [what: string, header: string, size: number, outcome: string][] = [
    ['14.1.2 the first 500 bytes', 'bytes=0-499', 10_000, '0-499'],
    ['14.1.2 the second 500 bytes', 'bytes=500-999', 10_000, '500-999'],
    ['14.1.2 the last 500 bytes', 'bytes=-500', 10_000, '9500-9999'],
    ['14.1.2 all but the first 9500', 'bytes=9500-', 10_000, '9500-9999'],
    ['14.1.2 the first and the last byte', 'bytes=0-0,-1', 10_000, '0-0,9999-9999'],
    ['14.1.2 first, middle and last 1000', 'bytes= 0-999, 4500-5499, -1000', 10_000, '0-999,4500-5499,9000-9999'],
    ['14.1.2 the second 500, in two parts that touch', 'bytes=500-600,601-999', 10_000, '500-999'],
    ['14.1.2 the second 500, in two that overlap', 'bytes=500-700,601-999', 10_000, '500-999'],
    ['14.1.2 a suffix longer than all', 'bytes=-20000', 10_000, '0-9999'],
    ['14.1.2 a last position beyond the end', 'bytes=9500-20000', 10_000, '9500-9999'],
    ['14.1.2 a first position at the end', 'bytes=10000-', 10_000, 'unsatisfiable'],
    ['14.1.2 a first position beyond the end', 'bytes=10000-10001', 10_000, 'unsatisfiable'],
    ['14.1.2 a suffix of nothing', 'bytes=-0', 10_000, 'unsatisfiable'],
    ['14.1.2 one of several that can be satisfied', 'bytes=20000-, 0-0', 10_000, '0-0'],
    ['14.1.2 a position that no number holds', 'bytes=0-99999999999999999999999', 10, '0-9'],
    ['14.1.2 a first position that no number holds', 'bytes=99999999999999999999999-', 10, 'unsatisfiable'],
    ['14.1.2 an empty representation', 'bytes=0-', 0, 'whole'],
    ['14.1.2 the end of an empty representation', 'bytes=-1', 0, 'whole'],
    ['14.1.1 a last position before the first', 'bytes=5-4', 10, 'whole'],
    ['14.1.1 one such among valid ones', 'bytes=0-1,5-4', 10, 'whole'],
    ['14.1 the unit in capitals', 'BYTES=0-1', 10, '0-1'],
    ['14.2 an unknown unit', 'lines=0-1', 10, 'whole'],
    ['14.2 no unit', '0-1', 10, 'whole'],
    ['14.2 nothing at all', 'bytes=', 10, 'whole'],
    ['14.2 only commas', 'bytes=,,', 10, 'whole'],
    ['14.2 empty members', 'bytes=,0-1,,3-3', 10, '0-3'],
    ['14.2 a lone dash', 'bytes=-', 10, 'whole'],
    ['14.2 two dashes', 'bytes=0-1-2', 10, 'whole'],
    ['14.2 letters', 'bytes=a-b', 10, 'whole'],
    ['14.2 a sign', 'bytes=+1-2', 10, 'whole'],
    ['14.2 blanks within a range', 'bytes=0 - 1', 10, 'whole'],
    ['14.2 a blank before the unit', ' bytes=0-1', 10, 'whole'],
    ['14.2 hexadecimal', 'bytes=0x1-2', 10, 'whole'],
    ['14.2 two that overlap', 'bytes=0-500,400-999', 10_000, '0-999'],
    ['14.2 three that overlap', 'bytes=0-,0-,0-', 10_000, 'whole'],
    ['14.2 three of which one overlaps each', 'bytes=0-100,90-200,190-300', 10_000, '0-300'],
    ['14.2 too many', `bytes=${Array.from({ length: 17 }, (_, i) => `${i * 200}-${i * 200}`)}`, 10_000, 'whole'],
    ['15.3.7.2 the order of the header', 'bytes=9000-9001,0-1', 10_000, '9000-9001,0-1'],
    ['15.3.7.2 what is nearly together', 'bytes=0-1,50-51', 10_000, '0-51'],
    ['15.3.7.2 a late range that joins two', 'bytes=0-99,300-399,90-310', 10_000, '0-399'],
    ['15.3.7.2 a joined one stands where its first part did', 'bytes=5000-5099,0-9,5100-5199', 10_000, '5000-5199,0-9'],
  ];
  for (const [what, header, size, outcome] of table) {
    it(`RFC 9110, ${what}: ${header.slice(0, 40)} of ${size}`, () =>
      assert.equal(shown(selectRanges(header, size)), outcome));
  }

  it('never gives ranges that overlap, leave the representation, or are more than 16', () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    let state = seed;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * n);
    };
    for (let round = 0; round < 2_000; round++) {
      const size = 1 + random(2_000);
      const members = Array.from({ length: 1 + random(6) }, () =>
        random(4) === 0 ? `-${random(300)}` : `${random(2_100)}-${random(3) === 0 ? '' : random(2_100)}`,
      );
      const outcome = selectRanges(`bytes=${members}`, size);
      if (typeof outcome === 'string') continue;
      const sorted = [...outcome].sort((a, b) => a.first - b.first);
      const isSound = sorted.every(
        ({ first, last }, i) => first <= last && last < size && (i === 0 || first > sorted[i - 1]!.last + 1),
      );
      assert.ok(isSound && outcome.length <= 16, `seed ${seed}: ${members} of ${size} gave ${shown(outcome)}`);
    }
  });
});

describe('contentRange (RFC 9110, section 14.4)', () => {
  it('names the range and the size, or only the size', () => {
    assert.equal(contentRange({ first: 42, last: 1233 }, 1234), 'bytes 42-1233/1234');
    assert.equal(contentRange(undefined, 1234), 'bytes */1234');
  });
});

describe('rangeParts (RFC 9110, section 14.6)', () => {
  it('writes a head before each range and knows the length of all', () => {
    const ranges = [
      { first: 0, last: 1 },
      { first: 8, last: 9 },
    ];

    const { contentType, length, parts, end } = rangeParts(ranges, 10, 'text/plain', 'xyz');
    const body = parts.map(({ head, range }) => head + '0123456789'.slice(range.first, range.last + 1)).join('') + end;

    assert.equal(contentType, 'multipart/byteranges; boundary=xyz');
    assert.equal(
      body,
      '--xyz\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-1/10\r\n\r\n01' +
        '\r\n--xyz\r\ncontent-type: text/plain\r\ncontent-range: bytes 8-9/10\r\n\r\n89\r\n--xyz--\r\n',
    );
    assert.equal(length, body.length);
  });
});
