import { type Case, limits } from '../case.ts';
import { binary, close, more, ping, pong, text } from '../frames.ts';

const bye = close(1000);
const byeOutcome = { close: 1000, reason: '' };
const open = { fin: false };

export const fragments: readonly Case[] = [
  {
    name: 'a text in two frames',
    send: [text('Hel', open), more('lo'), bye],
    outcomes: [{ text: 'Hello' }, byeOutcome],
  },
  {
    name: 'bytes in three frames',
    send: [binary('a', open), more('b', open), more('c'), bye],
    outcomes: [{ binary: Buffer.from('abc') }, byeOutcome],
  },
  {
    name: 'frames without payload within a text',
    send: [text('', open), more('', open), more('x', open), more('', open), more(''), bye],
    outcomes: [{ text: 'x' }, byeOutcome],
  },
  {
    name: 'an empty text in frames',
    send: [text('', open), more('', open), more(''), bye],
    outcomes: [{ text: '' }, byeOutcome],
  },
  {
    name: 'empty bytes in frames',
    send: [binary('', open), more(''), bye],
    outcomes: [{ binary: Buffer.alloc(0) }, byeOutcome],
  },
  {
    name: 'a first frame without payload',
    send: [text('', open), more('last'), bye],
    outcomes: [{ text: 'last' }, byeOutcome],
  },
  {
    name: 'a ping between the frames of a text is answered before it',
    send: [text('a', open), ping('now'), more('b'), bye],
    outcomes: [{ ping: Buffer.from('now') }, { text: 'ab' }, byeOutcome],
  },
  {
    name: 'pings and pongs between all frames',
    send: [text('a', open), ping('1'), more('b', open), pong('2'), more('c', open), ping('3'), more('d'), bye],
    outcomes: [
      { ping: Buffer.from('1') },
      { pong: Buffer.from('2') },
      { ping: Buffer.from('3') },
      { text: 'abcd' },
      byeOutcome,
    ],
  },
  {
    name: 'a Close between the frames of a text',
    send: [text('a', open), close(1001, 'going')],
    outcomes: [{ close: 1001, reason: 'going' }],
  },
  {
    name: 'a continuation of nothing',
    send: [more('x')],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'a continuation of nothing that is not the last',
    send: [more('x', open)],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'a continuation after a whole message',
    send: [text('ok'), more('x')],
    outcomes: [{ text: 'ok' }, { failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'a continuation after a message in frames',
    send: [text('o', open), more('k'), more('x')],
    outcomes: [{ text: 'ok' }, { failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'a text within a text',
    send: [text('a', open), text('b')],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'bytes within a text',
    send: [text('a', open), ping('1'), binary('b', open)],
    outcomes: [{ ping: Buffer.from('1') }, { failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'as many frames as may be',
    send: [text('0', open), ...Array.from({ length: limits.maxFragments - 2 }, () => more('.', open)), more('1'), bye],
    outcomes: [{ text: `0${'.'.repeat(limits.maxFragments - 2)}1` }, byeOutcome],
  },
  {
    name: 'one frame too many',
    send: [text('0', open), ...Array.from({ length: limits.maxFragments - 1 }, () => more('', open)), more('1')],
    outcomes: [{ failure: 1009 }],
    failsAfter: 0,
  },
  {
    name: 'the count of frames begins anew with each message',
    send: [
      text('a', open),
      ...Array.from({ length: limits.maxFragments - 2 }, () => more('', open)),
      more('b'),
      text('c', open),
      more('d'),
      bye,
    ],
    outcomes: [{ text: 'ab' }, { text: 'cd' }, byeOutcome],
  },
  {
    name: 'a large message in large frames',
    send: [
      binary(Buffer.alloc(30_000, 1), open),
      more(Buffer.alloc(30_000, 2), open),
      more(Buffer.alloc(10_000, 3)),
      bye,
    ],
    outcomes: [
      { binary: Buffer.concat([Buffer.alloc(30_000, 1), Buffer.alloc(30_000, 2), Buffer.alloc(10_000, 3)]) },
      byeOutcome,
    ],
  },
];

const max = limits.maxMessageBytes;

export const sizeLimits: readonly Case[] = [
  {
    name: 'a message of the largest size',
    send: [binary(new Uint8Array(max)), bye],
    outcomes: [{ binary: new Uint8Array(max) }, byeOutcome],
  },
  {
    name: 'a message one byte too large is refused by its head',
    send: [binary('', { length: BigInt(max + 1) })],
    outcomes: [{ failure: 1009 }],
    failsAfter: 0,
  },
  {
    name: 'a text that grows too large is refused by the head of the frame that does it',
    send: [text('x'.repeat(max - 10), open), more('', { length: 11n })],
    outcomes: [{ failure: 1009 }],
    failsAfter: 0,
  },
  {
    name: 'a message that grows to the largest size',
    send: [text('x'.repeat(max - 10), open), more('x'.repeat(10)), bye],
    outcomes: [{ text: 'x'.repeat(max) }, byeOutcome],
  },
  {
    name: 'a length of 2^32',
    send: [binary('', { length: 2n ** 32n })],
    outcomes: [{ failure: 1009 }],
    failsAfter: 0,
  },
  {
    name: 'a length of 2^53 + 1',
    send: [binary('', { length: 2n ** 53n + 1n })],
    outcomes: [{ failure: 1009 }],
    failsAfter: 0,
  },
  {
    name: 'the largest length there is, 2^63 - 1',
    send: [binary('', { length: 2n ** 63n - 1025n })],
    outcomes: [{ failure: 1009 }],
    failsAfter: 0,
  },
  {
    name: 'a length with its highest bit set',
    send: [binary('', { length: 2n ** 63n })],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'a length of all ones',
    send: [binary('', { length: 2n ** 64n - 1n })],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
];
