import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootContext } from '../concurrency/index.ts';
import type * as errors from '../errors/index.ts';
import { virtualClock } from '../testing/index.ts';
import { callsOfEachKind, hanging, inTime, root } from './testdata/calls.ts';
import type { Connect } from './testdata/fixture.ts';

/** The time left, and the end of a call, whoever ends it. */
export function timeContract(name: string, connect: Connect): void {
  describe(`${name}: time`, inTime, () => {
    test('the handler’s deadline is the earlier of the caller’s and the client’s', async () => {
      const lefts: number[] = [];
      await using fixture = await connect({
        client: { timeoutMs: 2_000 },
        handlers: {
          async getRoom(ctx) {
            lefts.push(ctx.remainingMs());
            return {};
          },
        },
      });

      await fixture.client.getRoom(root, {});
      await fixture.client.getRoom(root.withTimeout(1_000), {});
      await fixture.client.getRoom(root.withTimeout(60_000), {});

      const [own, callers, both] = lefts as [number, number, number];
      assert.ok(own > 1_000 && own <= 2_000, `${own}`);
      assert.ok(callers > 0 && callers <= 1_000, `${callers}`);
      assert.ok(both > 1_000 && both <= 2_000, `${both}`);
    });

    test('streams have the caller’s deadline only', async () => {
      const deadlines: (number | undefined)[] = [];
      await using fixture = await connect({
        client: { timeoutMs: 50 },
        server: { timeoutMs: 50 },
        handlers: {
          async *watchRoom(ctx) {
            deadlines.push(ctx.deadline);
            yield {};
          },
        },
      });

      await Array.fromAsync(fixture.client.watchRoom(root, {}));

      assert.deepEqual(deadlines, [undefined]);
    });

    test('a method’s own time limit holds on the server', async () => {
      const clock = virtualClock();
      const started = Promise.withResolvers<void>();
      await using fixture = await connect({
        ctx: rootContext(clock),
        service: { methods: { getRoom: { timeoutMs: 1_000 } } },
        handlers: hanging(undefined, started.resolve),
      });

      const answer = assert.rejects(fixture.client.getRoom(root, {}), { code: 'deadline_exceeded' });
      await started.promise;
      await clock.advance(1_000);

      await answer;
    });

    for (const [kind, call] of Object.entries(callsOfEachKind)) {
      test(`a ${kind} call that is too late fails with deadline_exceeded, and its handler is cancelled`, async () => {
        const clock = virtualClock();
        const started = Promise.withResolvers<void>();
        const ended = Promise.withResolvers<errors.Code | undefined>();
        await using fixture = await connect({
          handlers: hanging((ctx) => ended.resolve(ctx.err()?.code), started.resolve),
        });

        const ctx = rootContext(clock).withTimeout(4_000);
        const answer = assert.rejects(call(fixture.client, ctx), { code: 'deadline_exceeded' });
        await started.promise;
        await clock.advance(4_000);

        await answer;
        assert.equal(await ended.promise, 'canceled');
      });

      test(`a ${kind} call’s handler ends with the deadline that came with it`, async () => {
        const clock = virtualClock();
        const started = Promise.withResolvers<void>();
        const ended = Promise.withResolvers<errors.Code | undefined>();
        await using fixture = await connect({
          ctx: rootContext(clock),
          handlers: hanging((ctx) => ended.resolve(ctx.err()?.code), started.resolve),
        });

        const answer = assert.rejects(call(fixture.client, root.withTimeout(60_000)), { code: 'deadline_exceeded' });
        await started.promise;
        await clock.advance(60_000);

        await answer;
        assert.equal(await ended.promise, 'deadline_exceeded');
      });

      test(`a caller that gives up a ${kind} call cancels its handler`, async () => {
        const started = Promise.withResolvers<void>();
        const ended = Promise.withResolvers<errors.Code | undefined>();
        await using fixture = await connect({
          handlers: hanging(
            (ctx) => ended.resolve(ctx.err()?.code),
            () => started.resolve(),
          ),
        });
        const ctx = root.withCancel();

        const answer = assert.rejects(call(fixture.client, ctx), { code: 'canceled' });
        await started.promise;
        ctx.cancel();

        await answer;
        assert.equal(await ended.promise, 'canceled');
      });

      test(`a Context that is done starts no ${kind} call`, async () => {
        let calls = 0;
        await using fixture = await connect({ handlers: hanging(undefined, () => calls++) });
        const ctx = root.withCancel();
        ctx.cancel();

        await assert.rejects(call(fixture.client, ctx), { code: 'canceled' });
        await fixture.stop(root);

        assert.equal(calls, 0);
      });
    }

    test('leaving the loop over a stream ends the handler', async () => {
      const ended = Promise.withResolvers<void>();
      await using fixture = await connect({
        handlers: {
          async *watchRoom() {
            try {
              for (;;) yield { text: 'x'.repeat(10_000) };
            } finally {
              ended.resolve();
            }
          },
        },
      });

      for await (const _ of fixture.client.watchRoom(root, {})) break;

      await ended.promise;
    });

    test('leaving a stream while its next message is awaited ends the call', async () => {
      const started = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      await using fixture = await connect({ handlers: hanging(() => ended.resolve(), started.resolve) });
      const stream = fixture.client.watchRoom(root, {})[Symbol.asyncIterator]();

      const pending = assert.rejects(stream.next(), { code: 'canceled' });
      await started.promise;
      await stream.return?.();

      await pending;
      await ended.promise;
      assert.equal((await stream.next()).done, true);
    });

    test('a handler that wants no more requests ends the caller’s stream of them', async () => {
      const ended = Promise.withResolvers<void>();
      await using fixture = await connect({
        handlers: {
          async uploadMessages(_ctx, requests) {
            for await (const { text } of requests) return { last: text.trim() };
            return {};
          },
        },
      });
      async function* requests() {
        try {
          for (let n = 0; ; n++) yield { text: String(n).padEnd(10_000) };
        } finally {
          ended.resolve();
        }
      }

      assert.equal((await fixture.client.uploadMessages(root, requests())).last, '0');
      await ended.promise;
    });

    test('a deadline shrinks over three hops, and its end stops the work of the last', async () => {
      const clock = virtualClock();
      const started = Promise.withResolvers<number>();
      const ended = Promise.withResolvers<void>();
      await using third = await connect({
        handlers: {
          getRoom(ctx) {
            ctx.onDone(ended.resolve);
            started.resolve(ctx.remainingMs());
            return new Promise(() => {});
          },
        },
      });
      await using second = await connect({ handlers: { getRoom: (ctx, req) => third.client.getRoom(ctx, req) } });
      await using first = await connect({ handlers: { getRoom: (ctx, req) => second.client.getRoom(ctx, req) } });
      const ctx = rootContext(clock).withTimeout(4_000);

      const answer = assert.rejects(first.client.getRoom(ctx, {}), { code: 'deadline_exceeded' });
      const left = await started.promise;
      await clock.advance(4_000);

      await answer;
      await ended.promise;
      assert.ok(left > 0 && left <= 4_000, `${left}`);
    });
  });
}
