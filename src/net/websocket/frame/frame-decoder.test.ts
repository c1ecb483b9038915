import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode, type Frame, type Role } from '../../../../test/conformance/websocket/frames.ts';
import { random } from '../../../../test/conformance/websocket/random.ts';
import { deflateMessage, inflateMessage } from '../deflate/message-deflate.ts';
import { FrameDecoder, FrameEvent } from './frame-decoder.ts';

const limits = { maxMessageBytes: 1_000_000, maxFragments: 1000 };

const alphabet = ['a', 'z', ' ', 'é', 'ß', '€', '中', '\u0800', '\uffff', '𝄞', '\u{10ffff}'];

/** A message, and the frames that somebody might send it in. */
function someMessage(next: (below: number) => number): { message: string | Buffer; frames: Frame[] } {
  const isText = next(2) === 0;
  const size = [0, 1, 5, 100, 125, 126, 300, 5000, 70_000][next(9)]!;
  const message = isText
    ? Array.from({ length: size / 2 }, () => alphabet[next(next(2) === 0 ? 3 : alphabet.length)]!).join('')
    : Buffer.from(Array.from({ length: size }, () => next(256)));
  const plain = Buffer.from(message as string);
  const isDeflated = next(3) === 0;
  const payload = isDeflated ? Buffer.from(deflateMessage(plain, 9 + next(7), 1 + next(9))) : plain;
  const frames: Frame[] = [];
  for (let at = 0; ; ) {
    const end = next(3) === 0 ? payload.length : Math.min(payload.length, at + next(payload.length + 1));
    const isFirst = frames.every(({ opcode }) => opcode > 2);
    const fin = end === payload.length;
    frames.push({
      opcode: isFirst ? (isText ? 1 : 2) : 0,
      payload: payload.subarray(at, end),
      fin,
      rsv: isFirst && isDeflated ? 4 : 0,
    });
    if (fin) return { message, frames };
    if (next(4) === 0) frames.push({ opcode: 9 + next(2), payload: Buffer.alloc(next(126), next(256)) });
    at = end;
  }
}

function messagesOf(decoder: FrameDecoder): (string | Buffer)[] {
  const found: (string | Buffer)[] = [];
  for (let event = decoder.next(); event !== FrameEvent.more; event = decoder.next()) {
    assert.notEqual(event, FrameEvent.failure, decoder.reason);
    if (event === FrameEvent.text) found.push(decoder.text);
    if (event === FrameEvent.binary) found.push(Buffer.from(decoder.bytes));
  }
  return found;
}

describe('FrameDecoder', () => {
  it('reads random messages in random frames and chunks as they were', () => {
    const seed = Date.now() % 1_000_000;
    const next = random(seed);
    for (const from of ['client', 'server'] as Role[]) {
      const decoder = new FrameDecoder({ fromClient: from === 'client', ...limits }, inflateMessage);
      for (let turn = 0; turn < 300; turn++) {
        const sent = Array.from({ length: 1 + next(4) }, () => someMessage(next));
        const bytes = Buffer.concat(sent.flatMap(({ frames }) => frames).map((frame) => encode(from, frame)));
        const received: (string | Buffer)[] = [];

        for (let at = 0; at < bytes.length; ) {
          const end = Math.min(bytes.length, at + 1 + next([3, 20, 500, 20_000, 100_000][next(5)]!));
          decoder.push(Buffer.from(bytes.subarray(at, end)));
          received.push(...messagesOf(decoder));
          at = end;
        }

        assert.deepEqual(
          received,
          sent.map(({ message }) => message),
          `seed ${seed}, turn ${turn}`,
        );
        assert.ok(decoder.isIdle);
      }
    }
  });

  it('makes the same of random damage, however it comes, and ends', () => {
    const seed = Date.now() % 1_000_000;
    const next = random(seed);
    for (let turn = 0; turn < 1000; turn++) {
      const frames = Array.from({ length: 1 + next(3) }, () => someMessage(next).frames).flat();
      const bytes = Buffer.concat(frames.map((frame) => encode('client', frame))).subarray(0, 3000);
      for (let flips = next(4); flips > 0; flips--) bytes[next(bytes.length)]! ^= 1 << next(8);
      const eventsOf = (largest: number) => {
        const decoder = new FrameDecoder({ fromClient: true, maxMessageBytes: 2000, maxFragments: 5 }, inflateMessage);
        const events: string[] = [];
        for (let at = 0; at < bytes.length; ) {
          const end = Math.min(bytes.length, at + 1 + next(largest));
          decoder.push(Buffer.from(bytes.subarray(at, end)));
          for (let event = decoder.next(); event !== FrameEvent.more; event = decoder.next())
            events.push(
              `${event} ${decoder.text} ${Buffer.from(decoder.bytes).toString('hex')} ${decoder.code} ${decoder.reason}`,
            );
          at = end;
        }
        return events;
      };

      assert.deepEqual(eventsOf(7), eventsOf(bytes.length), `seed ${seed}, turn ${turn}`);
    }
  });

  it('reserves nothing for what is only announced', () => {
    const decoder = new FrameDecoder({ fromClient: true, ...limits }, undefined);
    const [head] = [encode('client', { opcode: 2, payload: Buffer.from('x'), length: 1_000_000n })];
    const before = process.memoryUsage().arrayBuffers;

    decoder.push(Buffer.from(head!));
    const event = decoder.next();

    assert.equal(event, FrameEvent.more);
    assert.ok(process.memoryUsage().arrayBuffers - before < 100_000);
  });

  it('keeps nothing of a large chunk whose last bytes begin a frame', () => {
    const decoder = new FrameDecoder({ fromClient: false, ...limits }, undefined);
    const chunk = Buffer.concat([encode('server', { opcode: 2, payload: Buffer.alloc(60_000) }), Buffer.of(0x81)]);

    decoder.push(chunk);
    assert.equal(decoder.next(), FrameEvent.binary);
    assert.equal(decoder.next(), FrameEvent.more);

    const { chunk: kept } = decoder as unknown as { chunk: Buffer };
    assert.equal(kept.length, 1);
    assert.notEqual(kept.buffer, chunk.buffer);
  });

  it('gives a message that came in one piece as a view of what came', () => {
    const decoder = new FrameDecoder({ fromClient: true, ...limits }, undefined);
    const chunk = encode('client', { opcode: 2, payload: Buffer.from('hello') });

    decoder.push(chunk);
    decoder.next();

    assert.equal(Buffer.from(decoder.bytes).toString(), 'hello');
    assert.equal(decoder.bytes.buffer, chunk.buffer);
  });

  it('holds what a caller did not ask for yet, and takes more meanwhile', () => {
    const decoder = new FrameDecoder({ fromClient: false, ...limits }, undefined);
    const frames = ['a', 'b', 'c'].map((letter) => encode('server', { opcode: 1, payload: Buffer.from(letter) }));

    decoder.push(Buffer.concat(frames.slice(0, 2)));
    decoder.next();
    const first = decoder.text;
    decoder.push(frames[2]!);

    assert.deepEqual([first, ...messagesOf(decoder)], ['a', 'b', 'c']);
  });
});
