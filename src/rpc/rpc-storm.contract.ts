import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Context } from '../concurrency/index.ts';
import { sleep } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { StatusError } from '../errors/index.ts';
import { withTelemetry } from '../observe/index.ts';
import { root } from './testdata/calls.ts';
import type { Connect } from './testdata/fixture.ts';
import { createRecorder } from './testdata/recorder.ts';

/** What may come out of the storm's calls; anything else is a fault of the transport. */
const expected: ReadonlySet<string> = new Set([
  'ok',
  'deadline_exceeded',
  'canceled',
  'aborted',
  'data_loss',
  'not_found',
]);
const calls = 300;
const atATime = 40;

/** Calls of all kinds that end in every way at once, on one connection: nothing of them may be left. */
export function stormContract(name: string, connect: Connect): void {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  test(`${name}: a storm of calls that end in every way leaves nothing behind (SEED=${seed})`, {
    timeout: 60_000,
  }, async () => {
    const random = randomOf(seed);
    const [near, far] = [createRecorder('near'), createRecorder('far')];
    let [open, admitted, done] = [0, 0, 0];
    const track = (ctx: Context) => {
      open++;
      ctx.onDone(() => open--);
    };
    const fail = (code: errors.Code) => new StatusError(code, code);
    await using fixture = await connect({
      ctx: withTelemetry(root, far.telemetry),
      // Half of the callers give up long before an answer can come, which a breaker would take for a server that fails.
      client: { guard: { breaker: false } },
      server: {
        // A busy machine would have it refuse some.
        guard: false,
        admit() {
          admitted++;
          return { admitted: true, done: () => done++ };
        },
      },
      handlers: {
        async getRoom(ctx) {
          track(ctx);
          await sleep(ctx, random() * 20);
          if (random() < 0.1) throw fail('not_found');
          return {};
        },
        async *watchRoom(ctx, { count }) {
          track(ctx);
          for (let number = 0; number < count; number++) {
            if (random() < 0.3) await sleep(ctx, random() * 5);
            yield { number };
          }
        },
        async uploadMessages(ctx, requests) {
          track(ctx);
          let count = 0;
          for await (const _ of requests) if (++count > 5 && random() < 0.1) break;
          return { count };
        },
        async *chat(ctx, requests) {
          track(ctx);
          for await (const { text } of requests) {
            if (random() < 0.02) throw fail('aborted');
            yield { text };
          }
        },
      },
    });
    const { client } = fixture;
    async function* requests(ctx: Context) {
      for (let n = 0; n < 20; n++) {
        if (random() < 0.2) await sleep(ctx, random() * 4);
        if (random() < 0.01) throw fail('data_loss');
        yield { text: 'x'.repeat(random() * 2_000) };
      }
    }
    async function read(stream: AsyncIterable<unknown>): Promise<void> {
      let left = random() * 30;
      for await (const _ of stream) if (left-- < 0) break;
    }
    async function one(): Promise<string> {
      const ctx = withTelemetry(root, near.telemetry).withTimeout(random() < 0.5 ? random() * 30 : 5_000);
      if (random() < 0.2) ctx.clock.after(random() * 20, () => ctx.cancel());
      const kind = Math.floor(random() * 4);
      try {
        if (kind === 0) await client.getRoom(ctx, {});
        else if (kind === 1) await read(client.watchRoom(ctx, { count: 20 }));
        else if (kind === 2) await client.uploadMessages(ctx, requests(ctx));
        else await read(client.chat(ctx, requests(ctx)));
        return 'ok';
      } catch (error) {
        return expected.has(errors.from(error).code) ? errors.from(error).code : errors.format(error);
      } finally {
        ctx.cancel();
      }
    }
    const outcomes = new Set<string>();
    let left = calls;
    const caller = async () => {
      while (left-- > 0) outcomes.add(await one());
    };

    await Promise.all(Array.from({ length: atATime }, caller));
    await fixture.stop(root);

    assert.deepEqual(
      [...outcomes].filter((outcome) => !expected.has(outcome)),
      [],
    );
    assert.equal(open, 0, 'Contexts of handlers that never end');
    assert.equal(done, admitted, 'permits that are not given back');
    const openSpans = [...near.spans, ...far.spans].filter(({ ended }) => !ended);
    assert.deepEqual(openSpans, []);
  });
}

/** Numbers from 0 to below 1: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
