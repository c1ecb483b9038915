import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CallFields, fieldsOf, withFields } from '../call/index.ts';
import { sleep } from '../concurrency/index.ts';
import { staticResolver } from '../discovery/index.ts';
import { StatusError } from '../errors/index.ts';
import { clientGuard } from '../service/index.ts';
import type { RpcProtocol } from './call-headers.ts';
import { createRpcClient, type RpcClient, type RpcClientOptions } from './client.ts';
import { inTime, root } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

type Options = Partial<RpcClientOptions<typeof RoomService>>;

function clientOf(urls: readonly string[], options: Options = {}): RpcClient<typeof RoomService> {
  const resolver = staticResolver({ room: urls });
  // A busy machine may take long to answer; only what these tests are about shall decide.
  return createRpcClient(RoomService, { target: 'room', resolver, timeoutMs: 0, connectTimeoutMs: 60_000, ...options });
}

const down = (metadata: Record<string, string> = {}) => new StatusError('unavailable', 'down', { metadata });
/** Without the server's own protection: a busy machine would have it take part. */
const server = { guard: false } as const;

describe('a call that failed', inTime, () => {
  test('is tried at another node, with the attempt counted, where its method is idempotent', async () => {
    const seen: (readonly [string, CallFields['attempt']])[] = [];
    const handlers = (name: string) => ({
      async getRoom(ctx: Parameters<typeof fieldsOf>[0]) {
        seen.push([name, fieldsOf(ctx).attempt]);
        if (seen.length < 3) throw down();
        return {};
      },
    });
    await using a = await networkFixture({ server, handlers: handlers('a') });
    await using b = await networkFixture({ server, handlers: handlers('b') });
    await using c = await networkFixture({ server, handlers: handlers('c') });
    using client = clientOf([a.url, b.url, c.url]);

    await client.getRoom(root, {});

    assert.deepEqual(
      seen.map(([, attempt]) => attempt),
      [0, 1, 2],
    );
    assert.deepEqual(seen.map(([name]) => name).toSorted(), ['a', 'b', 'c']);
  });

  const once: readonly [string, Record<string, string>, boolean, boolean][] = [
    ['may have run', {}, false, false],
    ['is not to be repeated, says the server', { retryAfterMs: '-1' }, true, false],
    ['is itself a retry', {}, true, true],
  ];
  for (const [title, metadata, isIdempotent, isRetry] of once) {
    test(`is not tried again where it ${title}`, async () => {
      let calls = 0;
      const fail = () => {
        calls++;
        throw down(metadata);
      };
      await using fixture = await networkFixture({ server, handlers: { getRoom: fail, closeRoom: fail } });
      const ctx = withFields(root, { attempt: isRetry ? 1 : 0 });

      await assert.rejects(isIdempotent ? fixture.client.getRoom(ctx, {}) : fixture.client.closeRoom(ctx, {}), {
        code: 'unavailable',
      });

      assert.equal(calls, 1);
    });
  }

  for (const protocol of ['connect', 'grpc', 'grpc-web'] satisfies RpcProtocol[]) {
    test(`comes back when the server that refused it says, whatever it does (${protocol})`, async () => {
      const times: number[] = [];
      let calls = 0;
      await using fixture = await networkFixture({
        client: { protocol },
        server: {
          ...server,
          admit() {
            times.push(performance.now());
            if (times.length > 1) return { admitted: true, done() {} };
            return { admitted: false, error: new StatusError('unavailable', 'full'), retryAfterMs: 40 };
          },
        },
        handlers: {
          closeRoom() {
            calls++;
            return {};
          },
        },
      });

      await fixture.client.closeRoom(root, {});

      assert.equal(calls, 1);
      assert.ok(times[1]! - times[0]! >= 39, 'it came back too soon');
    });
  }

  test('of a stream is asked for again before its first message, and not after', async () => {
    let calls = 0;
    await using fixture = await networkFixture({
      server,
      handlers: {
        async *watchRoom(_ctx, { count }) {
          calls++;
          for (let number = 0; number < count; number++) yield { number };
          throw down();
        },
      },
    });
    using client = clientOf([fixture.url], { guard: { random: () => 0 } });
    const early = Array.fromAsync(client.watchRoom(root, { count: 0 }));

    await assert.rejects(early, { code: 'unavailable' });
    await assert.rejects(Array.fromAsync(client.watchRoom(root, { count: 1 })), { code: 'unavailable' });

    // watchRoom is not idempotent: it may have run.
    assert.equal(calls, 2);
  });
});

test('three tiers whose deepest fails always: at most 1.33 tries for each call', inTime, async () => {
  let deepest = 0;
  const guard = () => clientGuard({ breaker: false, budget: { reserve: 1 }, retry: { baseMs: 1 } });
  const middle = (next: RpcClient<typeof RoomService>) => ({
    server,
    handlers: { getRoom: (ctx: Parameters<typeof fieldsOf>[0]) => next.getRoom(ctx, {}) },
  });
  const handlers = {
    getRoom() {
      deepest++;
      throw down();
    },
  };
  await using third = await networkFixture({ server, handlers });
  using toThird = clientOf([third.url], { guard: guard() });
  await using second = await networkFixture(middle(toThird));
  using toSecond = clientOf([second.url], { guard: guard() });
  await using first = await networkFixture(middle(toSecond));
  using toFirst = clientOf([first.url], { guard: guard() });

  const calls = 150;
  for (let call = 0; call < calls; call++) await toFirst.getRoom(root, {}).catch(() => {});

  assert.ok(deepest <= 1.33 * calls, `${deepest} tries for ${calls} calls`);
  assert.ok(deepest > calls, 'there are retries');
});

describe('a breaker', inTime, () => {
  test('keeps calls from a server that fails, and says so once', async () => {
    let calls = 0;
    await using fixture = await networkFixture({
      server,
      handlers: {
        closeRoom() {
          calls++;
          throw down();
        },
      },
    });
    const guard = clientGuard({ breaker: { minCalls: 10 } });
    using client = clientOf([fixture.url], { guard });
    const reasons = new Set<string>();

    for (let call = 0; call < 300; call++)
      await client.closeRoom(root, {}).catch((error: StatusError) => reasons.add(error.reason));

    assert.ok(calls < 150, `${calls} of 300 were sent`);
    assert.ok(reasons.has('BREAKER_OPEN'));
    const closeRoom = guard.snapshot().methods.find(({ method }) => method === 'CloseRoom');
    assert.ok(closeRoom!.breaker!.refusedShare > 0.5);
    assert.equal(guard.snapshot().methods.find(({ method }) => method === 'GetRoom')!.breaker!.calls, 0);
  });

  test('is not opened by errors of the application', async () => {
    await using fixture = await networkFixture({
      server,
      handlers: {
        closeRoom() {
          throw new StatusError('failed_precondition', 'it is closed');
        },
      },
    });

    for (let call = 0; call < 200; call++)
      await assert.rejects(fixture.client.closeRoom(root, {}), { code: 'failed_precondition' });
  });
});

describe('a hedge', inTime, () => {
  const hedge = { minCalls: 5, minDelayMs: 5 };

  test('answers for a node that hangs, whose handler is cancelled, and no breaker hears of it', async () => {
    const cancelled = Promise.withResolvers<string | undefined>();
    const attempts: number[] = [];
    await using fixture = await networkFixture({
      server,
      handlers: {
        async getRoom(ctx, { id }) {
          if (id !== 'slow') return {};
          attempts.push(fieldsOf(ctx).attempt);
          if (fieldsOf(ctx).attempt === 0) {
            ctx.onDone(() => cancelled.resolve(ctx.err()?.code));
            await sleep(ctx, 60_000);
          }
          return {};
        },
      },
    });
    const guard = clientGuard({ hedge });
    using client = clientOf([fixture.url], { guard, timeoutMs: 50_000 });
    for (let call = 0; call < 10; call++) await client.getRoom(root, {});

    await client.getRoom(root, { id: 'slow' });

    assert.equal(await cancelled.promise, 'canceled');
    assert.deepEqual(attempts, [0, 1]);
    assert.equal(guard.snapshot().methods.find(({ method }) => method === 'GetRoom')!.breaker!.failures, 0);
  });

  test('is waited for when the first try fails meanwhile', async () => {
    const hedged = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      server,
      handlers: {
        async getRoom(ctx, { id }) {
          // Not told by the time: a cancelled hedge of an earlier call may come late.
          if (id !== 'slow') return {};
          if (fieldsOf(ctx).attempt === 0) {
            await hedged.promise;
            throw new StatusError('internal', 'broken');
          }
          hedged.resolve();
          await sleep(ctx, 20);
          return { room: { id: 'second' } };
        },
      },
    });
    using client = clientOf([fixture.url], { methods: { getRoom: { hedge } } });
    for (let call = 0; call < 10; call++) await client.getRoom(root, {});

    assert.equal((await client.getRoom(root, { id: 'slow' })).room?.id, 'second');
  });

  test('is off unless asked for', async () => {
    const guard = clientGuard();
    await using fixture = await networkFixture({ server });
    using client = clientOf([fixture.url], { guard });

    await client.getRoom(root, {});

    assert.ok(guard.snapshot().methods.every(({ hedge: hedging }) => hedging === undefined));
  });
});

test('a guard is changed while it runs, and refuses numbers that make no sense', inTime, async () => {
  let calls = 0;
  const handlers = {
    getRoom() {
      calls++;
      throw down();
    },
  };
  await using fixture = await networkFixture({ server, handlers });
  const guard = clientGuard({ retry: { baseMs: 1 } });
  using client = clientOf([fixture.url], { guard });

  await assert.rejects(client.getRoom(root, {}));
  guard.configure({ methods: { GetRoom: { retry: false } } });
  await assert.rejects(client.getRoom(root, {}));

  assert.equal(calls, 3 + 1);
  assert.throws(() => guard.configure({ retry: { maxAttempts: 0 } }), RangeError);
  assert.throws(() => clientGuard({ breaker: { k: 0 } }), RangeError);
});
