import { deflateRawSync } from 'node:zlib';
import { type Case, limits } from '../case.ts';
import { binary, close, hex, more, ping, text } from '../frames.ts';

const bye = close(1000);
const byeOutcome = { close: 1000, reason: '' };
const rsv1 = { rsv: 4 };
const open = { fin: false };

/** What zlib makes of a message, without the end of the flush. */
function deflated(payload: string | Uint8Array): Uint8Array {
  return deflateRawSync(payload, { finishFlush: 2 /* Z_SYNC_FLUSH */ }).subarray(0, -4);
}

/** One stored block, not the last, of these bytes, then the empty one of a flush. */
function stored(bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(bytes.length ^ 0xffff, 3);
  return Buffer.concat([head, bytes, Buffer.of(0)]);
}

const hello = { text: 'Hello' };
const long = 'flotilla '.repeat(5000);

/** The examples of RFC 7692 section 7.2.3, and more. */
const read: readonly Omit<Case, 'deflate'>[] = [
  { name: 'one block', send: [text(hex('f2 48 cd c9 c9 07 00'), rsv1), bye], outcomes: [hello, byeOutcome] },
  {
    name: 'one block in two frames',
    send: [text(hex('f2 48 cd'), { ...rsv1, ...open }), more(hex('c9 c9 07 00')), bye],
    outcomes: [hello, byeOutcome],
  },
  {
    name: 'one block in two frames with a ping between, which is not compressed',
    send: [text(hex('f2 48 cd'), { ...rsv1, ...open }), ping('p'), more(hex('c9 c9 07 00')), bye],
    outcomes: [{ ping: Buffer.from('p') }, hello, byeOutcome],
  },
  {
    name: 'a stored block',
    send: [text(hex('00 05 00 fa ff 48 65 6c 6c 6f 00'), rsv1), bye],
    outcomes: [hello, byeOutcome],
  },
  { name: 'a last block', send: [text(hex('f3 48 cd c9 c9 07 00 00'), rsv1), bye], outcomes: [hello, byeOutcome] },
  {
    name: 'a last block without what should follow it',
    send: [text(hex('f3 48 cd c9 c9 07 00'), rsv1), bye],
    outcomes: [hello, byeOutcome],
  },
  {
    name: 'two blocks',
    send: [text(hex('f2 48 05 00 00 00 ff ff ca c9 c9 07 00'), rsv1), bye],
    outcomes: [hello, byeOutcome],
  },
  { name: 'an empty message', send: [text(hex('00'), rsv1), bye], outcomes: [{ text: '' }, byeOutcome] },
  {
    name: 'an empty message as some write it, without a byte',
    send: [text('', rsv1), bye],
    outcomes: [{ text: '' }, byeOutcome],
  },
  {
    name: 'an empty message in frames without payload',
    send: [binary('', { ...rsv1, ...open }), more(''), bye],
    outcomes: [{ binary: Buffer.alloc(0) }, byeOutcome],
  },
  {
    name: 'messages with and without compression in turn',
    send: [text('plain'), text(deflated('small'), rsv1), text('plain'), binary(deflated(hex('00 ff')), rsv1), bye],
    outcomes: [{ text: 'plain' }, { text: 'small' }, { text: 'plain' }, { binary: hex('00 ff') }, byeOutcome],
  },
  {
    name: 'the same message twice, each without a context',
    send: [text(deflated(long), rsv1), text(deflated(long), rsv1), bye],
    outcomes: [{ text: long }, { text: long }, byeOutcome],
  },
  {
    name: 'a message of the largest size',
    send: [text(deflated('x'.repeat(limits.maxMessageBytes)), rsv1), bye],
    outcomes: [{ text: 'x'.repeat(limits.maxMessageBytes) }, byeOutcome],
  },
  {
    name: 'a message of the largest size that deflate makes longer',
    send: [
      binary(Buffer.concat([stored(new Uint8Array(60_000)).subarray(0, -1), stored(new Uint8Array(10_000))]), rsv1),
      bye,
    ],
    outcomes: [{ binary: new Uint8Array(70_000) }, byeOutcome],
  },
];

const refused: readonly Omit<Case, 'deflate'>[] = [
  {
    name: 'a message that inflates to one byte too many',
    send: [text(deflated('x'.repeat(limits.maxMessageBytes + 1)), rsv1)],
    outcomes: [{ failure: 1009 }],
  },
  {
    name: 'a bomb: 10 MB in 10 KB',
    send: [binary(deflated(Buffer.alloc(10_000_000)), rsv1)],
    outcomes: [{ failure: 1009 }],
  },
  {
    name: 'more compressed bytes than the largest message can have',
    send: [binary('', { ...rsv1, length: BigInt(limits.maxMessageBytes + 1000) })],
    outcomes: [{ failure: 1009 }],
    failsAfter: 0,
  },
  { name: 'what deflate does not make', send: [text(hex('ff ff ff ff'), rsv1)], outcomes: [{ failure: 1007 }] },
  {
    name: 'half a message',
    send: [text(deflated(long).subarray(0, 30), rsv1)],
    outcomes: [{ failure: 1007 }],
  },
  {
    name: 'a reference to before the message: a context that was agreed not to be',
    send: [text(deflated('Hello'), rsv1), text(hex('02 13 00 00'), rsv1)],
    outcomes: [hello, { failure: 1007 }],
  },
  {
    name: 'a thousand streams in one message',
    send: [binary(Buffer.alloc(2000, hex('03 00')), rsv1)],
    outcomes: [{ failure: 1007 }],
  },
  {
    name: 'a text that inflates to what is not UTF-8',
    send: [text(deflated(hex('61 ff')), rsv1)],
    outcomes: [{ failure: 1007 }],
  },
  {
    name: 'RSV1 in a continuation',
    send: [text(hex('f2 48 cd'), { ...rsv1, ...open }), more(hex('c9 c9 07 00'), rsv1)],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  {
    name: 'RSV1 in a continuation of a message without it',
    send: [text('a', open), more('b', rsv1)],
    outcomes: [{ failure: 1002 }],
    failsAfter: 0,
  },
  { name: 'RSV1 in a ping', send: [ping('', rsv1)], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  { name: 'RSV1 in a Close', send: [{ ...close(1000), rsv: 4 }], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  { name: 'RSV2 beside RSV1', send: [text('x', { rsv: 6 })], outcomes: [{ failure: 1002 }], failsAfter: 0 },
  { name: 'RSV3 beside RSV1', send: [text('x', { rsv: 5 })], outcomes: [{ failure: 1002 }], failsAfter: 0 },
];

export const compression: readonly Case[] = [...read, ...refused].map((one) => ({ ...one, deflate: true }));
