import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStatusError } from '../../../errors/index.ts';
import { randomFrom } from '../testdata/random.ts';
import type { FrameCodec, FrameDecoder } from './frame-codec.ts';

/** What the suite needs to know of a codec; bytes are written by hand, not by the codec. */
export interface FrameCodecCases<In, Out> {
  readonly codec: FrameCodec<In, Out>;
  /** Messages, how they are written, and what is read of them. */
  readonly messages: readonly { readonly written: Out; readonly bytes: Uint8Array | string; readonly read: In }[];
  /** Streams that are no frames, each with the reason that they are refused with. Default: none. */
  readonly refused?: readonly { readonly bytes: Uint8Array | string; readonly reason: string }[];
  /** Messages that the protocol cannot carry, each with the reason. Default: none. */
  readonly unsendable?: readonly { readonly message: Out; readonly reason: string }[];
  /** What is left of a message when the peer ends in the middle; undefined where that cannot be. */
  readonly half?: Uint8Array | string;
  /** No codec may hold more than this of an incomplete frame. */
  readonly maxHeldBytes: number;
}

/** What came out of a stream: its messages, then the reason of the error that ended it, or how it ended. */
export interface Outcome<In> {
  readonly messages: readonly In[];
  readonly end: string;
}

/** What every FrameCodec must do. Called by the test of each implementation. */
export function frameCodecContract<In, Out>(name: string, cases: FrameCodecCases<In, Out>): void {
  const { codec, messages, refused = [], unsendable = [], half, maxHeldBytes } = cases;
  const stream = Buffer.concat(messages.map(({ bytes }) => toBytes(bytes)));
  const all = messages.map(({ read }) => read);

  describe(`frame codec contract: ${name}`, () => {
    test('writes each message as the protocol says', () => {
      for (const { written, bytes } of messages) assert.deepEqual(encoded(codec, written), toBytes(bytes));
    });

    test('reads its messages however the stream is cut in two', () => {
      for (let at = 0; at <= stream.length; at++) {
        const outcome = decode(codec, [stream.subarray(0, at), stream.subarray(at)]);
        assert.deepEqual(outcome, { messages: all, end: 'end' }, `cut at ${at}`);
      }
    });

    test('reads its messages byte by byte', () => {
      assert.deepEqual(decode(codec, bytewise(stream)), { messages: all, end: 'end' });
    });

    test('refuses what is no frame, with the same reason however it is cut, and gives the messages before it', () => {
      for (const { bytes, reason } of refused) {
        const bad = Buffer.concat([stream, toBytes(bytes)]);
        const expected = { messages: all, end: reason };
        assert.deepEqual(decode(codec, [bad]), expected, JSON.stringify(bytes));
        assert.deepEqual(decode(codec, bytewise(bad)), expected, JSON.stringify(bytes));
        for (let at = stream.length; at <= bad.length; at++)
          assert.deepEqual(decode(codec, [bad.subarray(0, at), bad.subarray(at)]), expected, `cut at ${at}`);
      }
    });

    test('gives the same for random bytes however they are cut', () => {
      const seed = Math.trunc(Math.random() * 2 ** 31);
      const random = randomFrom(seed);
      for (let round = 0; round < 500; round++) {
        const bytes = mutated(stream, random);
        const whole = decode(codec, [bytes]);
        assert.deepEqual(decode(codec, pieces(bytes, random)), whole, `seed ${seed}, round ${round}`);
        assert.deepEqual(decode(codec, bytewise(bytes)), whole, `seed ${seed}, round ${round}`);
      }
    });

    test('holds no more of an incomplete frame than its bound', () => {
      const decoder = codec.decoder();
      for (let pushed = 0; pushed < 4 * maxHeldBytes; pushed++) {
        decoder.push(stream.subarray(pushed % stream.length, (pushed % stream.length) + 1));
        if (drain(decoder, []) !== undefined) break;
        assert.ok(decoder.partialBytes <= maxHeldBytes, `${decoder.partialBytes} bytes`);
      }
    });

    test('knows a stream that ends in the middle of a message', {
      skip: half === undefined && 'it has no frames',
    }, () => {
      const bytes = Buffer.concat([stream, toBytes(half!)]);

      assert.deepEqual(decode(codec, [bytes]), { messages: all, end: 'TRUNCATED_FRAME' });
    });

    test('writes nothing of a message that it cannot carry', () => {
      for (const { message, reason } of unsendable) {
        const written: unknown[] = [];
        assert.throws(() => codec.encode(message, { write: (data) => written.push(data) }), { reason });
        assert.deepEqual(written, []);
      }
    });
  });
}

/** Runs the chunks through a fresh decoder, then ends the stream. */
export function decode<In, Out>(codec: FrameCodec<In, Out>, chunks: readonly Uint8Array[]): Outcome<In> {
  const decoder = codec.decoder();
  const messages: In[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    const refusal = drain(decoder, messages);
    if (refusal !== undefined) return { messages, end: refusal };
  }
  try {
    const last = decoder.end();
    if (last !== undefined) messages.push(last);
    return { messages, end: 'end' };
  } catch (error) {
    return { messages, end: reasonOf(error) };
  }
}

function drain<In>(decoder: FrameDecoder<In>, messages: In[]): string | undefined {
  try {
    for (let message = decoder.next(); message !== undefined; message = decoder.next()) messages.push(message);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  assert.ok(isStatusError(error), String(error));
  return error.reason;
}

function encoded<Out>(codec: FrameCodec<unknown, Out>, message: Out): Buffer {
  const written: Buffer[] = [];
  codec.encode(message, { write: (data) => written.push(toBytes(data)) });
  return Buffer.concat(written);
}

/** Strings here are Latin-1, as on the wire. */
function toBytes(bytes: Uint8Array | string): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
}

function bytewise(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

function pieces(bytes: Buffer, random: () => number): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = Math.min(bytes.length, at + 1 + Math.trunc(random() * 12));
    cut.push(bytes.subarray(at, next));
    at = next;
  }
  return cut;
}

function mutated(bytes: Buffer, random: () => number): Buffer {
  const copy = Buffer.concat([bytes, bytes]);
  for (let change = Math.trunc(random() * 4); change > 0; change--)
    copy[Math.trunc(random() * copy.length)] = Math.trunc(random() * 256);
  return copy.subarray(Math.trunc(random() * 4), copy.length - Math.trunc(random() * 4));
}
