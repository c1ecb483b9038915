import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerMetadata, metadataOf, setHeaders, setTrailers, withMetadata } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import type { Middleware } from '../service/index.ts';
import { callsOfEachKind, inTime, root, TestErrors } from './testdata/calls.ts';
import type { Connect } from './testdata/fixture.ts';

const bytes = Uint8Array.of(0, 1, 254, 255);

/** A program's own headers and trailers, in both directions. */
export function metadataContract(name: string, connect: Connect): void {
  describe(`${name}: metadata`, inTime, () => {
    for (const [kind, call] of Object.entries(callsOfEachKind)) {
      test(`of a ${kind} call arrive on both sides`, async () => {
        const heard: unknown[] = [];
        await using fixture = await connect({ server: { middleware: [echoing(heard)] } });
        const answer = answerMetadata();
        const ctx = withMetadata(root, { 'X-Key': 'a b', many: ['1', '2'], 'raw-bin': bytes }, answer);

        await call(fixture.client, ctx);

        assert.deepEqual(heard, ['a b', '1, 2', bytes, undefined]);
        assert.deepEqual([answer.headers.get('x-head'), answer.headers.bytes('head-bin')], ['a b', bytes]);
        assert.deepEqual([answer.trailers.get('x-tail'), answer.trailers.bytes('tail-bin')], ['late', bytes]);
        assert.deepEqual([answer.headers.get('x-tail'), answer.trailers.get('x-head')], [undefined, undefined]);
      });
    }

    test('have neither the fields nor what is the transport’s', async () => {
      let seen: readonly (readonly [string, string])[] = [];
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            seen = [...metadataOf(ctx)];
            return {};
          },
        },
      });
      const answer = answerMetadata();
      using ctx = withMetadata(root, { mine: 'x' }, answer).withTimeout(10_000);

      await fixture.client.getRoom(ctx, {});

      assert.deepEqual(
        seen.filter(([key]) => !key.endsWith('user-agent')),
        [['mine', 'x']],
      );
      assert.deepEqual([...answer.headers, ...answer.trailers], []);
    });

    test('go no further by themselves', async () => {
      let further: unknown = 'not called';
      await using far = await connect({
        handlers: {
          async getRoom(ctx) {
            further = metadataOf(ctx).get('mine');
            return {};
          },
        },
      });
      await using near = await connect({ handlers: { getRoom: (ctx) => far.client.getRoom(ctx, {}) } });

      await near.client.getRoom(withMetadata(root, { mine: 'x' }), {});

      assert.equal(further, undefined);
    });

    test('come with an error, too, of a stream after its messages', async () => {
      const fail = (ctx: Context) => {
        setTrailers(ctx, { 'x-tail': 'failed' });
        throw TestErrors.ROOM_CLOSED('room 7 is closed');
      };
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            setHeaders(ctx, { 'x-head': 'unary' });
            return fail(ctx);
          },
          async *watchRoom(ctx) {
            setHeaders(ctx, { 'x-head': 'stream' });
            yield {};
            fail(ctx);
          },
        },
      });
      const [once, many] = [answerMetadata(), answerMetadata()];

      await assert.rejects(fixture.client.getRoom(withMetadata(root, {}, once), {}), { reason: 'ROOM_CLOSED' });
      await assert.rejects(Array.fromAsync(fixture.client.watchRoom(withMetadata(root, {}, many), {})), {
        reason: 'ROOM_CLOSED',
      });

      assert.deepEqual([once.headers.get('x-head'), once.trailers.get('x-tail')], ['unary', 'failed']);
      assert.deepEqual([many.headers.get('x-head'), many.trailers.get('x-tail')], ['stream', 'failed']);
    });

    test('of a stream: headers come with the first message, after which none can be set', async () => {
      let late: boolean | undefined;
      await using fixture = await connect({
        handlers: {
          async *watchRoom(ctx) {
            setHeaders(ctx, { 'x-head': '1' });
            yield { number: 1 };
            late = setHeaders(ctx, { 'x-head': '2' });
            yield { number: 2 };
          },
        },
      });
      const answer = answerMetadata();
      const seen: unknown[] = [];

      for await (const { number } of fixture.client.watchRoom(withMetadata(root, {}, answer), {}))
        seen.push([number, answer.headers.get('x-head'), answer.trailers.size]);

      assert.deepEqual(seen, [
        [1, '1', 0],
        [2, '1', 0],
      ]);
      assert.equal(late, false);
    });

    test('of the last try are those that the caller reads', async () => {
      let tries = 0;
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            tries++;
            setHeaders(ctx, { 'x-try': String(metadataOf(ctx).get('mine')) + tries });
            if (tries === 1) setTrailers(ctx, { 'x-first': 'yes' });
            if (tries === 1) throw new StatusError('unavailable', 'not now');
            return {};
          },
        },
      });
      const answer = answerMetadata();

      await fixture.client.getRoom(withMetadata(root, { mine: 'x' }, answer), {});

      assert.deepEqual([answer.headers.get('x-try'), answer.trailers.get('x-first')], ['x2', undefined]);
    });

    test('with as much as a call takes arrive whole', async () => {
      const long = 'x'.repeat(1_000);
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            const { size } = metadataOf(ctx);
            for (let index = 0; index < 7; index++) setHeaders(ctx, { [`h${index}`]: long });
            for (let index = 0; index < 64; index++) setTrailers(ctx, { [`t${index}`]: String(size) });
            assert.throws(() => setHeaders(ctx, { h9: `${long}${long}` }), RangeError);
            return {};
          },
        },
      });
      const answer = answerMetadata();
      const init = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, 'x'.repeat(100)]));

      await fixture.client.getRoom(withMetadata(root, init, answer), {});

      assert.deepEqual([answer.headers.size, answer.headers.get('h6'), answer.trailers.size], [7, long, 64]);
      assert.ok(Number(answer.trailers.get('t63')) >= 64);
    });
  });
}

/** Notes what came and answers with it. */
function echoing(heard: unknown[]): Middleware {
  return (next) => async (ctx, input) => {
    const sent = metadataOf(ctx);
    heard.push(sent.get('x-key'), sent.get('many'), sent.bytes('raw-bin'), sent.get('x-none'));
    setHeaders(ctx, { 'x-head': sent.get('x-key') ?? '', 'head-bin': sent.bytes('raw-bin') ?? [] });
    setTrailers(ctx, { 'x-tail': 'early' });
    setTrailers(ctx, { 'X-Tail': 'late', 'tail-bin': bytes });
    return next(ctx, input);
  };
}
