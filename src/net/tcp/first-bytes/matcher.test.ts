import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  anything,
  http1,
  http2Preface,
  type Match,
  type Matcher,
  magic,
  recognize,
  tlsClientHello,
} from './matcher.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const table: readonly [name: string, match: Matcher, cases: readonly [bytes: string, says: Match][]][] = [
  [
    'http2Preface',
    http2Preface,
    [
      ['P', 'more'],
      ['PRI * HTTP/2.0\r\n', 'more'],
      [preface.slice(0, -1), 'more'],
      [preface, 'yes'],
      [`${preface}more`, 'yes'],
      ['G', 'no'],
      ['PO', 'no'],
      ['PRI * HTTP/1.1\r\n', 'no'],
      ['\x16\x03\x01', 'no'],
    ],
  ],
  [
    'http1',
    http1,
    [
      ['G', 'more'],
      ['GET', 'more'],
      ['GET ', 'yes'],
      ['M-SEARCH * HTTP/1.1', 'yes'],
      ['PRI ', 'no'],
      ['PRIX ', 'yes'],
      [' GET /', 'no'],
      ['get /', 'no'],
      ['\x16\x03\x01', 'no'],
      [`${'A'.repeat(24)} `, 'yes'],
      ['A'.repeat(25), 'no'],
      ['\r\n', 'no'],
    ],
  ],
  [
    'tlsClientHello',
    tlsClientHello,
    [
      ['\x16', 'more'],
      ['\x16\x03\x01\x02\0', 'more'],
      ['\x16\x03\x01\x02\0\x01', 'yes'],
      ['\x16\x03\x03\x02\0\x02', 'no'],
      ['\x16\x02', 'no'],
      ['\x17', 'no'],
      ['G', 'no'],
    ],
  ],
  [
    'magic',
    magic(new Uint8Array([0xff, 0x00])),
    [
      ['\xff', 'more'],
      ['\xff\0', 'yes'],
      ['\xff\x01', 'no'],
    ],
  ],
  ['anything', anything, [['x', 'yes']]],
];

for (const [name, match, cases] of table) {
  test(`${name} decides as early as it can`, () => {
    for (const [bytes, says] of cases) assert.equal(match(Buffer.from(bytes, 'latin1')), says, JSON.stringify(bytes));
  });

  test(`${name} does not change its mind when more comes`, () => {
    for (const [text] of cases) {
      const bytes = Buffer.from(text, 'latin1');
      let said: Match = 'more';
      for (let length = 1; length <= bytes.length; length++) {
        const says = match(bytes.subarray(0, length));
        if (said !== 'more') assert.equal(says, said, JSON.stringify(text));
        said = says;
      }
    }
  });
}

test('the first matcher that says yes wins, unless one before it may still do so', () => {
  const protocols = [magic('AB'), magic('A'), http1];

  const index = (text: string) => recognize(protocols, Buffer.from(text));
  assert.deepEqual(['A', 'AB', 'AC', 'GET', 'GET ', '?'].map(index), [undefined, 0, 1, undefined, 2, -1]);
});

test('magic must have bytes', () => {
  assert.throws(() => magic(''), RangeError);
});
