import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventParser } from './event-parser.ts';

const cases: readonly (readonly [
  name: string,
  stream: string,
  events: readonly (readonly [event: string, id: string, data: string])[],
])[] = [
  ['data of one line', 'data: a\n\n', [['message', '', 'a']]],
  ['data of several lines', 'data: a\ndata\ndata:b\n\n', [['message', '', 'a\n\nb']]],
  ['one space after the colon', 'data:  a\n\n', [['message', '', ' a']]],
  [
    'a name',
    'event: viewers\ndata: 1\n\ndata: 2\n\n',
    [
      ['viewers', '', '1'],
      ['message', '', '2'],
    ],
  ],
  [
    'an id, which stays',
    'id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n',
    [
      ['message', '7', 'a'],
      ['message', '7', 'b'],
      ['message', '', 'c'],
    ],
  ],
  [
    'an id with a NUL, which does not count',
    'id: 7\ndata: a\n\nid: 8\0\ndata: b\n\n',
    [
      ['message', '7', 'a'],
      ['message', '7', 'b'],
    ],
  ],
  ['comments and names that nobody knows', ': x\nfoo: bar\ndata: a\n: y\n\n', [['message', '', 'a']]],
  ['no data, no event', 'event: x\nid: 3\n\ndata: a\n\n', [['message', '3', 'a']]],
  [
    'CR, CRLF and LF',
    'data: a\r\r\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n',
    [
      ['message', '', 'a'],
      ['message', '', 'b'],
      ['message', '', 'c'],
      ['message', '', 'd'],
    ],
  ],
  ['a byte order mark', '\ufeffdata: a\n\n', [['message', '', 'a']]],
  ['an event that is not finished', 'data: a\n\ndata: b\n', [['message', '', 'a']]],
  ['UTF-8', 'data: ü€😀\n\n', [['message', '', 'ü€😀']]],
];

for (const [name, stream, events] of cases) {
  test(`${name}, in every split`, () => {
    const bytes = Buffer.from(stream);
    for (let split = 0; split <= bytes.length; split++) {
      const parser = new EventParser('', 100);
      const found = [bytes.subarray(0, split), bytes.subarray(split)].flatMap((part) => parser.push(part));
      assert.deepEqual(
        found.map(({ event, id, data }) => [event, id, data]),
        events,
        `split at ${split}`,
      );
    }
    const parser = new EventParser('', 100);
    assert.equal([...bytes].flatMap((byte) => parser.push(Uint8Array.of(byte))).length, events.length);
  });
}

test('the wait before another attempt is a whole number', () => {
  const parser = new EventParser('', 100);
  parser.push(Buffer.from('retry: 1x\nretry: -1\nretry:\n'));
  assert.equal(parser.retryMs, undefined);
  parser.push(Buffer.from('retry: 250\n'));
  assert.equal(parser.retryMs, 250);
});

test('a line and an event above the limit are refused, however they come', () => {
  const long = 'x'.repeat(60);
  for (const pieces of [[`data: ${long}${long}`], [`data: ${long}\n`, `data: ${long}\n`], ['data: ', long, long]]) {
    const parser = new EventParser('', 100);
    assert.throws(() => pieces.map((piece) => parser.push(Buffer.from(piece))), RangeError);
  }
});
