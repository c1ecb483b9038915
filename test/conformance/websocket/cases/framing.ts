import type { Case } from '../case.ts';
import { binary, close, frame, more, ping, pong, text } from '../frames.ts';

const bye = close(1000);
const byeOutcome = { close: 1000, reason: '' };

const sizes: readonly Case[] = [
  0, 1, 2, 3, 4, 5, 7, 8, 124, 125, 126, 127, 128, 191, 192, 193, 65_535, 65_536, 70_000,
].flatMap((size) => [
  {
    name: `a text of ${size} bytes`,
    send: [text('*'.repeat(size)), bye],
    outcomes: [{ text: '*'.repeat(size) }, byeOutcome],
  },
  {
    name: `${size} bytes`,
    send: [binary(new Uint8Array(size).fill(0xfe)), bye],
    outcomes: [{ binary: new Uint8Array(size).fill(0xfe) }, byeOutcome],
  },
]);

const lengths: readonly Case[] = [
  { form: 2, size: 0 },
  { form: 2, size: 125 },
  { form: 8, size: 0 },
  { form: 8, size: 125 },
  { form: 8, size: 126 },
  { form: 8, size: 65_535 },
].map(({ form, size }) => ({
  name: `a length of ${size} in ${form} bytes is refused: not its shortest form`,
  send: [binary(new Uint8Array(size), { lengthBytes: form as 2 | 8 })],
  outcomes: [{ failure: 1002 }],
  failsAfter: 0,
}));

const reservedBits: readonly Case[] = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv) => [
  { name: `reserved bits ${rsv} in a text`, send: [text('x', { rsv })], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  {
    name: `reserved bits ${rsv} in bytes after a message`,
    send: [text('ok'), binary('x', { rsv })],
    outcomes: [{ text: 'ok' }, { failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: `reserved bits ${rsv} in a continuation`,
    send: [text('a', { fin: false }), more('b', { rsv })],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  { name: `reserved bits ${rsv} in a ping`, send: [ping('', { rsv })], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  {
    name: `reserved bits ${rsv} in a Close`,
    send: [frame(8, '', { rsv })],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
]);

const opcodes: readonly Case[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
  { name: `opcode ${opcode}`, send: [frame(opcode, '')], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  {
    name: `opcode ${opcode} with a payload, within a message`,
    send: [text('a', { fin: false }), frame(opcode, 'x')],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
]);

const control: readonly Case[] = [
  { name: 'an empty ping', send: [ping(), bye], outcomes: [{ ping: Buffer.alloc(0) }, byeOutcome] },
  { name: 'a ping with text', send: [ping('hi'), bye], outcomes: [{ ping: Buffer.from('hi') }, byeOutcome] },
  {
    name: 'a ping with bytes that are no text',
    send: [ping(Uint8Array.of(0, 0xff, 0xfe, 0xc0)), bye],
    outcomes: [{ ping: Buffer.of(0, 0xff, 0xfe, 0xc0) }, byeOutcome],
  },
  {
    name: 'a ping of 125 bytes',
    send: [ping('p'.repeat(125)), bye],
    outcomes: [{ ping: Buffer.alloc(125, 'p') }, byeOutcome],
  },
  { name: 'a ping of 126 bytes', send: [ping('p'.repeat(126))], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  { name: 'a pong of 126 bytes', send: [pong('p'.repeat(126))], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  {
    name: 'a Close of 126 bytes',
    send: [frame(8, Buffer.alloc(126, 3))],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'a ping whose length is written in 8 bytes',
    send: [ping('', { lengthBytes: 8 })],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  { name: 'a fragmented ping', send: [ping('', { fin: false })], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  { name: 'a fragmented pong', send: [pong('', { fin: false })], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  { name: 'a fragmented Close', send: [frame(8, '', { fin: false })], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  { name: 'a pong nobody asked for', send: [pong('x'), bye], outcomes: [{ pong: Buffer.from('x') }, byeOutcome] },
  {
    name: 'pings and pongs between messages',
    send: [ping('1'), text('a'), pong('2'), ping('3'), text('b'), bye],
    outcomes: [
      { ping: Buffer.from('1') },
      { text: 'a' },
      { pong: Buffer.from('2') },
      { ping: Buffer.from('3') },
      { text: 'b' },
      byeOutcome,
    ],
  },
  {
    name: 'ten pings in a row are answered in order',
    send: [...Array.from({ length: 10 }, (_, n) => ping(`p${n}`)), bye],
    outcomes: [...Array.from({ length: 10 }, (_, n) => ({ ping: Buffer.from(`p${n}`) })), byeOutcome],
  },
];

const masks: readonly Case[] = [
  { name: 'a text with the mask of the other side', send: [text('x', { wrongMask: true })] },
  { name: 'a ping with the mask of the other side', send: [ping('', { wrongMask: true })] },
  { name: 'a Close with the mask of the other side', send: [frame(8, '', { wrongMask: true })] },
].map((one) => ({ ...one, outcomes: [{ failure: 1002 }], failsAfter: 0 }));

export const framing: readonly Case[] = [...sizes, ...lengths, ...reservedBits, ...opcodes, ...control, ...masks];
