import type { Case } from '../case.ts';
import { close, hex, more, ping, text } from '../frames.ts';

const bye = close(1000);
const byeOutcome = { close: 1000, reason: '' };

/** The edges of RFC 3629: the first and last code points of each length, and what stands beside the gap of the surrogates. */
const valid: readonly (readonly [name: string, bytes: string])[] = [
  ['U+0000', '00'],
  ['U+007F', '7f'],
  ['U+0080', 'c2 80'],
  ['U+07FF', 'df bf'],
  ['U+0800', 'e0 a0 80'],
  ['U+0FFF', 'e0 bf bf'],
  ['U+1000', 'e1 80 80'],
  ['U+D7FF', 'ed 9f bf'],
  ['U+E000', 'ee 80 80'],
  ['U+FEFF, which is kept', 'ef bb bf 61'],
  ['U+FFFD', 'ef bf bd'],
  ['U+FFFE', 'ef bf be'],
  ['U+FFFF', 'ef bf bf'],
  ['U+10000', 'f0 90 80 80'],
  ['U+3FFFF', 'f0 bf bf bf'],
  ['U+40000', 'f1 80 80 80'],
  ['U+FFFFF', 'f3 bf bf bf'],
  ['U+100000', 'f4 80 80 80'],
  ['U+10FFFF', 'f4 8f bf bf'],
  ['words', 'ce ba e1 bd b9 cf 83 ce bc ce b5 20 f0 9d 84 9e'],
];

/** With the number of bytes after which it cannot become UTF-8 any more. */
const invalid: readonly (readonly [name: string, bytes: string, after: number])[] = [
  ['a continuation byte alone', '80', 1],
  ['the last continuation byte alone', 'bf', 1],
  ['continuation bytes after a text', '61 62 80 80', 3],
  ['C0, overlong', 'c0 80', 1],
  ['C1, overlong', 'c1 bf', 1],
  ['two bytes broken off by ASCII', 'c2 20', 2],
  ['two bytes broken off by a first byte', 'c3 c3', 2],
  ['E0 80, overlong', 'e0 80 80', 2],
  ['E0 9F, overlong', 'e0 9f bf', 2],
  ['three bytes broken off', 'e1 80 20', 3],
  ['U+D800, a surrogate', 'ed a0 80', 2],
  ['U+DBFF, a surrogate', 'ed af bf', 2],
  ['U+DC00, a surrogate', 'ed b0 80', 2],
  ['U+DFFF, a surrogate', 'ed bf bf', 2],
  ['a pair of surrogates', 'ed a0 80 ed b0 80', 2],
  ['F0 80, overlong', 'f0 80 80 80', 2],
  ['F0 8F, overlong', 'f0 8f bf bf', 2],
  ['U+110000, beyond the last', 'f4 90 80 80', 2],
  ['F4 BF, beyond the last', 'f4 bf bf bf', 2],
  ['F5', 'f5 80 80 80', 1],
  ['F7', 'f7 bf bf bf', 1],
  ['F8, five bytes', 'f8 88 80 80 80', 1],
  ['FC, six bytes', 'fc 84 80 80 80 80', 1],
  ['FE', 'fe', 1],
  ['FF', 'ff', 1],
  ['four bytes broken off', 'f1 80 80 41', 4],
  ['an error after much text', `${'61'.repeat(300)} ff`, 301],
  ['an error after many code points', `${'e2 82 ac'.repeat(100)} e2 28 a1`, 302],
];

/** They may yet become UTF-8, so that only the end of the message shows it. */
const broken: readonly (readonly [name: string, bytes: string])[] = [
  ['a text that ends after the first byte of two', '61 c2'],
  ['a text that ends after the first byte of three', '61 e2'],
  ['a text that ends after two bytes of three', '61 e2 82'],
  ['a text that ends after the first byte of four', '61 f0'],
  ['a text that ends after two bytes of four', '61 f0 9d'],
  ['a text that ends after three bytes of four', '61 f0 9d 84'],
];

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const splits = (bytes: Uint8Array) =>
  Array.from({ length: bytes.length }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)] as const);

export const utf8: readonly Case[] = [
  ...valid.map(([name, digits]) => ({
    name,
    send: [text(hex(digits)), bye],
    outcomes: [{ text: decoder.decode(hex(digits)) }, byeOutcome],
  })),
  ...valid.flatMap(([name, digits]) =>
    splits(hex(digits)).map(([head, tail], at) => ({
      name: `${name}, in two frames cut at ${at}, with a ping between`,
      send: [text(head, { fin: false }), ping('p'), more(tail), bye],
      outcomes: [{ ping: Buffer.from('p') }, { text: decoder.decode(hex(digits)) }, byeOutcome],
    })),
  ),
  ...invalid.map(([name, digits, after]) => ({
    name,
    send: [text(hex(digits))],
    outcomes: [{ failure: 1007 }],
    failsAfter: after,
  })),
  ...invalid.map(([name, digits, after]) => ({
    name: `${name}, in a frame that is not the last`,
    send: [text(hex(digits), { fin: false })],
    outcomes: [{ failure: 1007 }],
    failsAfter: after,
  })),
  ...broken.map(([name, digits]) => ({ name, send: [text(hex(digits))], outcomes: [{ failure: 1007 }] })),
  ...broken.map(([name, digits]) => ({
    name: `${name}, with an empty last frame`,
    send: [text(hex(digits), { fin: false }), more('')],
    outcomes: [{ failure: 1007 }],
  })),
  {
    name: 'a code point that the next frame breaks off',
    send: [text(hex('61 e2 82'), { fin: false }), more('b')],
    outcomes: [{ failure: 1007 }],
    failsAfter: 1,
  },
  {
    name: 'a text, and a message that is no text and need not be UTF-8',
    send: [{ opcode: 2, payload: hex('ff fe c0') }, text('ok'), bye],
    outcomes: [{ binary: hex('ff fe c0') }, { text: 'ok' }, byeOutcome],
  },
];
