import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TcpErrors } from '../tcp-errors.ts';
import { ByteWindow } from './byte-window.ts';
import { delimited } from './delimited.ts';
import { fixedHeader } from './fixed-header.ts';
import { decode, frameCodecContract } from './frame-codec.contract.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import { lines } from './lines.ts';
import { mapFrames } from './map-frames.ts';
import { preparable, prepareFrame } from './prepared-frame.ts';
import { rawBytes } from './raw-bytes.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const message = (text: string, framed: string) => ({ written: bytes(text), bytes: framed, read: bytes(text) });

frameCodecContract('lengthPrefixed, 4 bytes', {
  codec: lengthPrefixed({ maxBytes: 300 }),
  messages: [
    message('hello', '\0\0\0\x05hello'),
    message('', '\0\0\0\0'),
    message('x'.repeat(300), `\0\0\x01\x2c${'x'.repeat(300)}`),
  ],
  refused: [{ bytes: '\0\0\x01\x2d', reason: 'FRAME_TOO_LARGE' }],
  unsendable: [{ message: 'x'.repeat(301), reason: 'FRAME_TOO_LARGE' }],
  half: '\0\0',
  maxHeldBytes: 304,
});

frameCodecContract('lengthPrefixed, 2 bytes, little', {
  codec: lengthPrefixed({ bytes: 2, byteOrder: 'little', maxBytes: 258 }),
  messages: [
    { written: 'größe', bytes: '\x07\0gr\xc3\xb6\xc3\x9fe', read: Buffer.from('größe') },
    message('y'.repeat(258), `\x02\x01${'y'.repeat(258)}`),
  ],
  refused: [{ bytes: '\x03\x01', reason: 'FRAME_TOO_LARGE' }],
  half: '\x02\0y',
  maxHeldBytes: 260,
});

frameCodecContract('lengthPrefixed, 1 byte', {
  codec: lengthPrefixed({ bytes: 1 }),
  messages: [message('a', '\x01a'), message('b'.repeat(255), `\xff${'b'.repeat(255)}`)],
  unsendable: [{ message: bytes('b'.repeat(256)), reason: 'FRAME_TOO_LARGE' }],
  half: '\x01',
  maxHeldBytes: 256,
});

frameCodecContract('delimited by a line feed', {
  codec: delimited({ maxBytes: 20 }),
  messages: [message('one', 'one\n'), message('', '\n'), message('z'.repeat(20), `${'z'.repeat(20)}\n`)],
  refused: [
    { bytes: 'z'.repeat(21), reason: 'FRAME_TOO_LARGE' },
    { bytes: `${'z'.repeat(21)}\n`, reason: 'FRAME_TOO_LARGE' },
  ],
  unsendable: [
    { message: 'two\nlines', reason: 'MALFORMED_FRAME' },
    { message: 'z'.repeat(21), reason: 'FRAME_TOO_LARGE' },
  ],
  half: 'on',
  maxHeldBytes: 21,
});

frameCodecContract('delimited by several bytes', {
  codec: delimited({ delimiter: 'abab', maxBytes: 10 }),
  messages: [message('x', 'xabab'), message('abaxaba', 'abaxabaabab'), message('', 'abab')],
  refused: [
    { bytes: 'abaabaabaabxabab', reason: 'FRAME_TOO_LARGE' },
    { bytes: 'abaabaabaabaab', reason: 'FRAME_TOO_LARGE' },
  ],
  unsendable: [
    { message: bytes('xababx'), reason: 'MALFORMED_FRAME' },
    { message: 'xab', reason: 'MALFORMED_FRAME' },
  ],
  half: 'aba',
  maxHeldBytes: 14,
});

frameCodecContract('lines', {
  codec: lines({ maxBytes: 12, lineEnd: '\r\n' }),
  messages: [
    { written: 'hello', bytes: 'hello\r\n', read: 'hello' },
    { written: 'grüße', bytes: 'gr\xc3\xbc\xc3\x9fe\r\n', read: 'grüße' },
    { written: 'a\rb', bytes: 'a\rb\r\n', read: 'a\rb' },
    { written: 'x'.repeat(12), bytes: `${'x'.repeat(12)}\r\n`, read: 'x'.repeat(12) },
  ],
  refused: [
    { bytes: `${'x'.repeat(13)}\n`, reason: 'FRAME_TOO_LARGE' },
    { bytes: '\xff\n', reason: 'MALFORMED_FRAME' },
  ],
  unsendable: [
    { message: 'a\nb', reason: 'MALFORMED_FRAME' },
    { message: 'ü'.repeat(7), reason: 'FRAME_TOO_LARGE' },
  ],
  half: 'hel',
  maxHeldBytes: 15,
});

/** A kind of 1 byte, a length of 2 bytes that counts the header. */
const headed = fixedHeader({
  size: 3,
  maxBytes: 40,
  bodyLength(header) {
    if (header[0] === 0) throw TcpErrors.MALFORMED_FRAME('the kind is 0');
    return header.readUInt16BE(1) - 3;
  },
});

frameCodecContract('fixedHeader', {
  codec: headed,
  messages: [
    message('\x01\0\x08hello', '\x01\0\x08hello'),
    message('\x02\0\x03', '\x02\0\x03'),
    message(`\x03\0\x28${'q'.repeat(37)}`, `\x03\0\x28${'q'.repeat(37)}`),
  ],
  refused: [
    { bytes: '\x01\0\x29', reason: 'FRAME_TOO_LARGE' },
    { bytes: '\0\0\x03', reason: 'MALFORMED_FRAME' },
    { bytes: '\x01\0\x02', reason: 'MALFORMED_FRAME' },
  ],
  unsendable: [
    { message: bytes('\x01\0\x09hello'), reason: 'MALFORMED_FRAME' },
    { message: bytes('\x01'), reason: 'MALFORMED_FRAME' },
    { message: bytes(`\x01\0\x29${'q'.repeat(38)}`), reason: 'FRAME_TOO_LARGE' },
  ],
  half: '\x01\0\x08he',
  maxHeldBytes: 40,
});

const counts = mapFrames(lines({ maxBytes: 8 }), {
  decode(line: string): number {
    if (!/^\d+$/.test(line)) throw TcpErrors.MALFORMED_FRAME(`"${line}" is no number`);
    return Number(line);
  },
  encode: (count: number) => String(count),
});

frameCodecContract('mapFrames', {
  codec: counts,
  messages: [
    { written: 1, bytes: '1\n', read: 1 },
    { written: 20, bytes: '20\n', read: 20 },
  ],
  refused: [{ bytes: 'x\n', reason: 'MALFORMED_FRAME' }],
  unsendable: [{ message: 123456789, reason: 'FRAME_TOO_LARGE' }],
  half: '1',
  maxHeldBytes: 9,
});

describe('codecs', () => {
  test('give what follows the last delimiter, where that is allowed', () => {
    assert.deepEqual(decode(lines({ allowUnterminated: true }), [bytes('a\nb')]), { messages: ['a', 'b'], end: 'end' });
    assert.deepEqual(decode(delimited({ allowUnterminated: true, maxBytes: 2, delimiter: '--' }), [bytes('abc')]), {
      messages: [],
      end: 'FRAME_TOO_LARGE',
    });
  });

  test('raw bytes come as they are, without empty ones', () => {
    const { messages } = decode(rawBytes(), [bytes('a'), bytes(''), bytes('bc')]);

    assert.deepEqual(messages, [bytes('a'), bytes('bc')]);
  });

  test('write a large message beside its length, without a copy', () => {
    const large = Buffer.alloc(100_000);
    const written: unknown[] = [];

    lengthPrefixed().encode(large, { write: (data) => written.push(data) });

    assert.equal(written.length, 2);
    assert.equal(written[1], large);
  });

  test('write what was encoded before as it is, and everything else as ever', () => {
    const codec = lengthPrefixed({ bytes: 1 });
    const written: (string | Uint8Array)[] = [];
    const sink = { write: (data: string | Uint8Array) => void written.push(data) };
    const frame = prepareFrame(codec, 'hello');

    preparable(codec).encode(frame, sink);
    preparable(codec).encode(frame, sink);
    preparable(codec).encode('x', sink);

    assert.equal(written[0], written[1]);
    assert.deepEqual(written.map(String), ['\x05hello', '\x05hello', '\x01x']);
    assert.throws(() => prepareFrame(codec, 'x'.repeat(256)), { reason: 'FRAME_TOO_LARGE' });
  });

  test('refuse limits out of their range', () => {
    assert.throws(() => lengthPrefixed({ maxBytes: 0 }), RangeError);
    assert.throws(() => lengthPrefixed({ bytes: 1, maxBytes: 256 }), RangeError);
    assert.throws(() => lengthPrefixed({ bytes: 3 as 4 }), RangeError);
    assert.throws(() => lengthPrefixed({ byteOrder: 'middle' as 'big' }), RangeError);
    assert.throws(() => lines({ maxBytes: 1.5 }), RangeError);
    assert.throws(() => delimited({ delimiter: '' }), RangeError);
    assert.throws(() => fixedHeader({ size: 0, bodyLength: () => 0 }), RangeError);
  });
});

describe('a byte window', () => {
  test('copies each byte a small number of times, whatever the size of the pieces', (t) => {
    let copied = 0;
    const copy = Buffer.prototype.copy;
    t.mock.method(Buffer.prototype, 'copy', function count(this: Buffer, ...to: Parameters<typeof copy>): number {
      const bytes = copy.apply(this, to);
      copied += bytes;
      return bytes;
    });
    for (const size of [1, 100, 16_384]) {
      copied = 0;
      const total = 1 << 16;
      const window = new ByteWindow();
      for (let at = 0; at < total; at += size) {
        window.push(Buffer.alloc(Math.min(size, total - at)));
        window.has(total);
      }
      assert.equal(window.take(total).length, total);
      assert.ok(copied <= 4 * total, `pieces of ${size}: ${copied} bytes copied`);
    }
  });

  test('is a view of the chunk where a message came in one', () => {
    const chunk = Buffer.from('0123456789');
    const window = new ByteWindow();

    window.push(chunk);

    assert.equal(window.take(4).buffer, chunk.buffer);
  });

  test('keeps no large chunk alive for a few bytes, nor for none', () => {
    const window = new ByteWindow();
    window.push(Buffer.alloc(65_536, 7));
    window.skip(65_533);

    assert.equal(window.has(4), false);
    assert.ok(window.bytes.buffer.byteLength < 1024);
    window.push(Buffer.from([8]));
    assert.deepEqual([...window.take(window.has(4) ? 4 : 0)], [7, 7, 7, 8]);
    assert.equal(window.has(1), false);
    assert.equal(window.bytes.length, 0);
  });

  test('reserves no memory for what was only announced', () => {
    const window = new ByteWindow();
    window.push(Buffer.from('a'));
    window.has(1 << 30);
    window.push(Buffer.from('b'));

    assert.equal(window.has(1 << 30), false);
    assert.ok(window.bytes.buffer.byteLength < 1024);
  });
});
