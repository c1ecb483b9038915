import type { Case } from '../case.ts';
import { close, frame, hex, ping, text } from '../frames.ts';

const good = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const bad = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32_768, 65_535];

const codes: readonly Case[] = [
  ...good.map((code) => ({ name: `Close ${code}`, send: [close(code)], outcomes: [{ close: code, reason: '' }] })),
  ...bad.map((code) => ({ name: `Close ${code} is refused`, send: [close(code)], outcomes: [{ failure: 1002 }] })),
  ...bad.map((code) => ({
    name: `Close ${code} with a reason is refused`,
    send: [text('before'), close(code, 'why')],
    outcomes: [{ text: 'before' }, { failure: 1002 }],
  })),
];

export const closing: readonly Case[] = [
  ...codes,
  { name: 'Close without a code', send: [close()], outcomes: [{ close: 1005, reason: '' }] },
  { name: 'Close with half a code', send: [frame(8, hex('03'))], outcomes: [{ failure: 1002 }] },
  { name: 'Close with a reason', send: [close(1000, 'done')], outcomes: [{ close: 1000, reason: 'done' }] },
  {
    name: 'Close with a reason of 123 bytes',
    send: [close(1000, 'r'.repeat(123))],
    outcomes: [{ close: 1000, reason: 'r'.repeat(123) }],
  },
  {
    name: 'Close with a reason in many bytes',
    send: [close(4000, 'κόσμε 𝄞')],
    outcomes: [{ close: 4000, reason: 'κόσμε 𝄞' }],
  },
  {
    name: 'Close with a reason that is not UTF-8',
    send: [close(1000, hex('ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80'))],
    outcomes: [{ failure: 1007 }],
  },
  {
    name: 'Close with a reason cut within a code point',
    send: [close(1000, hex('f0 9d 84'))],
    outcomes: [{ failure: 1007 }],
  },
  {
    name: 'a text after Close is not read',
    send: [close(1000), text('late')],
    outcomes: [{ close: 1000, reason: '' }],
  },
  {
    name: 'a ping after Close is not answered',
    send: [close(1001), ping('late')],
    outcomes: [{ close: 1001, reason: '' }],
  },
  { name: 'a second Close changes nothing', send: [close(1000), close(1001)], outcomes: [{ close: 1000, reason: '' }] },
  {
    name: 'garbage after Close changes nothing',
    send: [close(1000), frame(15, 'x', { rsv: 7 })],
    outcomes: [{ close: 1000, reason: '' }],
  },
  {
    name: 'what follows a failure is not read',
    send: [frame(3, ''), text('late'), close(1000)],
    outcomes: [{ failure: 1002 }],
  },
];
