import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateMessage } from '../../../src/net/websocket/deflate/message-deflate.ts';
import { FrameDecoder, FrameEvent } from '../../../src/net/websocket/frame/frame-decoder.ts';
import { bytesOfCase, type Case, limits, type Outcome } from './case.ts';
import { sections } from './cases/all.ts';
import type { Role } from './frames.ts';

/** What the decoder makes of these chunks. They are copied: it changes what it is given. */
function run(one: Case, from: Role, chunks: readonly Uint8Array[]): Outcome[] {
  const decoder = new FrameDecoder(
    { fromClient: from === 'client', ...limits },
    one.deflate ? inflateMessage : undefined,
  );
  return chunks.flatMap((chunk) => {
    decoder.push(Buffer.from(chunk));
    return eventsOf(decoder);
  });
}

function eventsOf(decoder: FrameDecoder): Outcome[] {
  const found: Outcome[] = [];
  for (;;) {
    switch (decoder.next()) {
      case FrameEvent.more:
        return found;
      case FrameEvent.text:
        found.push({ text: decoder.text });
        break;
      case FrameEvent.binary:
        found.push({ binary: Buffer.from(decoder.bytes) });
        break;
      case FrameEvent.ping:
        found.push({ ping: Buffer.from(decoder.bytes) });
        break;
      case FrameEvent.pong:
        found.push({ pong: Buffer.from(decoder.bytes) });
        break;
      case FrameEvent.close:
        found.push({ close: decoder.code, reason: decoder.reason });
        break;
      case FrameEvent.failure:
        assert.notEqual(decoder.reason, '');
        found.push({ failure: decoder.code });
        break;
    }
  }
}

/** All bytes as Buffers, so that they compare. */
function plain(outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.map((outcome) =>
    Object.fromEntries(
      Object.entries(outcome).map(([key, value]) => [key, value instanceof Uint8Array ? Buffer.from(value) : value]),
    ),
  ) as unknown as Outcome[];
}

/** Every place in a short input; of a long one those around its frames' heads, and some between. */
function* cuts(length: number): Generator<number> {
  for (let at = 1; at < length; at += at < 600 || at > length - 200 ? 1 : 4099) yield at;
}

for (const [section, cases] of Object.entries(sections)) {
  describe(`decoder: ${section}`, () => {
    for (const one of cases) {
      it(one.name, () => {
        const expected = plain(one.outcomes);
        for (const from of ['client', 'server'] as const) {
          const bytes = bytesOfCase(one, from);

          assert.deepEqual(run(one, from, [bytes]), expected, `${from}, in one piece`);
          for (const at of cuts(bytes.length)) {
            const outcomes = run(one, from, [bytes.subarray(0, at), bytes.subarray(at)]);
            assert.deepEqual(outcomes, expected, `${from}, cut at ${at}`);
          }
          const singles = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
          assert.deepEqual(run(one, from, singles), expected, `${from}, byte by byte`);
        }
      });
    }

    for (const one of cases.filter(({ failsAfter }) => failsAfter !== undefined)) {
      it(`${one.name}: is known at the first byte that shows it`, () => {
        for (const from of ['client', 'server'] as const) {
          const bytes = bytesOfCase(one, from);
          const before = bytes.length - one.send.at(-1)!.payload.length + one.failsAfter!;
          assert.deepEqual(run(one, from, [bytes.subarray(0, before)]), plain(one.outcomes));
          if (one.failsAfter! > 0)
            assert.deepEqual(run(one, from, [bytes.subarray(0, before - 1)]), plain(one.outcomes.slice(0, -1)));
        }
      });
    }
  });
}
