import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldsOf, type Outcome, withFields } from '../call/index.ts';
import { background, type Context, contextKey, current, rootContext } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { StatusError } from '../errors/index.ts';
import { withTelemetry } from '../observe/index.ts';
import type { MethodInfo, Middleware } from '../service/index.ts';
import { virtualClock } from '../testing/index.ts';
import type { RpcClient, RpcClientOptions } from './client.ts';
import type { ImplementOptions } from './implementation.ts';
import type { RpcServerOptions } from './server.ts';
import type { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { createRecorder } from './testdata/recorder.ts';
import type { RoomHandlers } from './testdata/room-handlers.ts';

/** What a test changes of the service, its server and its client. */
export interface FixtureOptions {
  readonly handlers?: Partial<RoomHandlers>;
  readonly service?: ImplementOptions<typeof RoomService>;
  readonly server?: Partial<RpcServerOptions>;
  readonly client?: Partial<RpcClientOptions<typeof RoomService>>;
  /** What the server is started with. Default: background(). */
  readonly ctx?: Context;
}

export interface Fixture extends AsyncDisposable {
  readonly client: RpcClient<typeof RoomService>;
  /** Drains until the Context is done. */
  stop(ctx: Context): Promise<void>;
}

const TestErrors = errors.defineErrors('live.room', {
  ROOM_CLOSED: { code: 'failed_precondition' },
});
const inTime = { timeout: 10_000 };
const root = background();

/** What a client and a server must do over every transport, so that a service can be split without a change. */
export function rpcContract(name: string, connect: (options?: FixtureOptions) => Promise<Fixture>): void {
  describe(`${name}: messages`, inTime, () => {
    test('a unary call carries every kind of field both ways', async () => {
      await using fixture = await connect();

      const { room } = await fixture.client.createRoom(root, {
        room: { id: 'ü', title: '名', state: 1, viewerCount: 9_007_199_254_740_993n },
      });

      assert.partialDeepStrictEqual(room, { id: 'ü', title: '名', state: 1, viewerCount: 9_007_199_254_740_993n });
    });

    test('a server stream arrives in order and ends', async () => {
      await using fixture = await connect();
      const numbers: number[] = [];

      for await (const { number } of fixture.client.watchRoom(root, { id: '7', count: 100 })) numbers.push(number);

      assert.deepEqual(
        numbers,
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
    });

    test('a server stream may be empty', async () => {
      await using fixture = await connect();

      for await (const _ of fixture.client.watchRoom(root, { count: 0 })) assert.fail('a message');
    });

    test('a client stream is answered when it has ended', async () => {
      await using fixture = await connect();

      const answer = await fixture.client.uploadMessages(root, texts('a', 'b', 'c'));

      assert.partialDeepStrictEqual(answer, { count: 3, last: 'c' });
    });

    test('a client stream may be empty', async () => {
      await using fixture = await connect();

      assert.partialDeepStrictEqual(await fixture.client.uploadMessages(root, texts()), { count: 0 });
    });

    test('a bidi stream answers each message before the next is sent', async () => {
      await using fixture = await connect();
      const answered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      async function* requests() {
        yield { text: 'a' };
        await answered[0]?.promise;
        yield { text: 'b' };
        await answered[1]?.promise;
      }
      const seen: string[] = [];

      for await (const { text } of fixture.client.chat(root, requests())) {
        seen.push(text);
        answered[seen.length - 1]?.resolve();
      }

      assert.deepEqual(seen, ['A', 'B']);
    });

    test('a bidi stream may answer before the first request and after the last', async () => {
      await using fixture = await connect({
        handlers: {
          async *chat(_ctx, requests) {
            yield { text: 'hello' };
            for await (const _ of requests) yield { text: 'more' };
            yield { text: 'bye' };
          },
        },
      });

      assert.deepEqual(await textsOf(fixture.client.chat(root, texts('x'))), ['hello', 'more', 'bye']);
    });

    test('handlers get copies, never the caller’s objects', async () => {
      let seen: unknown;
      await using fixture = await connect({
        handlers: {
          async createRoom(_ctx, { room }) {
            seen = room;
            if (room !== undefined) room.title = 'changed';
            return { room: room ?? {} };
          },
        },
      });
      const { createRoom } = fixture.client;
      const mine = (await createRoom(root, { room: { title: 'mine' } })).room;
      assert.ok(mine);
      mine.title = 'mine';

      const theirs = (await createRoom(root, { room: mine })).room;

      assert.equal(mine.title, 'mine');
      assert.notEqual(theirs, seen);
    });
  });

  describe(`${name}: errors`, inTime, () => {
    const closed = () => TestErrors.ROOM_CLOSED('room 7 is closed, für immer', { metadata: { id: '7', ünï: '名' } });
    const failing: Partial<RoomHandlers> = {
      async getRoom() {
        throw closed();
      },
      // biome-ignore lint/correctness/useYield: it fails before its first message
      async *watchRoom() {
        throw closed();
      },
      async uploadMessages() {
        throw closed();
      },
      // biome-ignore lint/correctness/useYield: it fails before its first message
      async *chat() {
        throw closed();
      },
    };

    for (const [kind, call] of Object.entries(callsOfEachKind)) {
      test(`a defined error arrives whole from a ${kind} call`, async () => {
        await using fixture = await connect({ handlers: failing });

        await assert.rejects(call(fixture.client, root), (error) => {
          assert.ok(errors.is(error, TestErrors.ROOM_CLOSED));
          const { code, reason, domain, message, metadata } = error as StatusError;
          assert.deepEqual([code, reason, domain], ['failed_precondition', 'ROOM_CLOSED', 'live.room']);
          assert.equal(message, 'room 7 is closed, für immer');
          assert.deepEqual(metadata, { id: '7', ünï: '名' });
          return true;
        });
      });
    }

    test('every code arrives as itself', async () => {
      await using fixture = await connect({
        handlers: {
          async getRoom(_ctx, { id }) {
            throw new StatusError(id as errors.Code, 'told', { reason: 'TOLD', domain: 'test' });
          },
        },
      });

      for (const code of errors.codes) {
        await assert.rejects(fixture.client.getRoom(root, { id: code }), { code, reason: 'TOLD', message: 'told' });
      }
    });

    test('an unknown throw is concealed and has an id that finds the log line', async () => {
      const recorder = createRecorder('room');
      await using fixture = await connect({
        ctx: withTelemetry(root, recorder.telemetry),
        handlers: {
          async getRoom() {
            throw new TypeError('password is hunter2');
          },
        },
      });

      const error = await fixture.client.getRoom(root, {}).catch(errors.from);

      assert.ok(error instanceof StatusError);
      assert.deepEqual([error.code, error.reason], ['internal', 'INTERNAL']);
      assert.doesNotMatch(errors.format(error), /hunter2/);
      const line = recorder.lines.find(({ message }) => message.startsWith('server'));
      assert.match(errors.format(line?.fields.error), new RegExp(`${error.metadata.errorId}[^]*hunter2`));
    });

    test('messages that were sent before a failure arrive first', async () => {
      await using fixture = await connect({
        handlers: {
          async *watchRoom() {
            yield { number: 1 };
            yield { number: 2 };
            throw TestErrors.ROOM_CLOSED('closed');
          },
        },
      });
      const numbers: number[] = [];

      await assert.rejects(
        async () => {
          for await (const { number } of fixture.client.watchRoom(root, {})) numbers.push(number);
        },
        { reason: 'ROOM_CLOSED' },
      );

      assert.deepEqual(numbers, [1, 2]);
    });

    test('a failing stream of requests fails the call with its error and cancels the handler', async () => {
      const started = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      await using fixture = await connect({
        handlers: {
          async uploadMessages(ctx, requests) {
            ctx.onDone(ended.resolve);
            for await (const _ of requests) started.resolve();
            return {};
          },
        },
      });
      async function* requests() {
        yield { text: 'a' };
        await started.promise;
        throw TestErrors.ROOM_CLOSED('no more');
      }

      await assert.rejects(fixture.client.uploadMessages(root, requests()), { reason: 'ROOM_CLOSED' });
      await ended.promise;
    });
  });

  describe(`${name}: fields`, inTime, () => {
    test('all of them arrive as they were, and nothing else of the caller’s Context does', async () => {
      const key = contextKey('test.key', 'none');
      let seen: Context | undefined;
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            seen = ctx;
            return {};
          },
        },
      });
      const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: 'x=1' };
      const fields = {
        trace,
        baggage: new Map([['k', 'v ü']]),
        lane: 'blue',
        tenant: 'acme/ü',
        principal: 'user 7',
        priority: 'low',
        attempt: 2,
      } as const;

      await fixture.client.getRoom(withFields(root, fields).withValue(key, 'mine'), {});

      assert.ok(seen);
      assert.deepEqual(fieldsOf(seen), fields);
      assert.equal(seen.value(key), 'none');
    });

    test('each hop has a span on either side, in one trace', async () => {
      const [near, far] = [createRecorder('near'), createRecorder('far')];
      await using fixture = await connect({ ctx: withTelemetry(root, far.telemetry) });

      await fixture.client.getRoom(withTelemetry(root, near.telemetry), {});

      const [client] = near.spans;
      const [server] = far.spans;
      assert.partialDeepStrictEqual(client, {
        name: 'flotilla.test.v1.RoomService/GetRoom',
        kind: 'client',
        ended: true,
      });
      assert.partialDeepStrictEqual(server, {
        name: 'flotilla.test.v1.RoomService/GetRoom',
        kind: 'server',
        ended: true,
      });
      assert.equal(server?.traceId, client?.traceId);
      assert.equal(server?.parentSpanId, client?.spanId);
    });

    for (const [kind, call] of Object.entries(callsOfEachKind)) {
      test(`the spans of a ${kind} call end with it`, async () => {
        const [near, far] = [createRecorder('near'), createRecorder('far')];
        await using fixture = await connect({ ctx: withTelemetry(root, far.telemetry) });

        await call(fixture.client, withTelemetry(root, near.telemetry));
        await fixture.stop(root);

        assert.deepEqual(
          [...near.spans, ...far.spans].map(({ ended }) => ended),
          [true, true],
        );
      });
    }

    test('the handler’s Context is the current one, in streams too', async () => {
      const seen: boolean[] = [];
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            seen.push(fieldsOf(current()) === fieldsOf(ctx));
            return {};
          },
          async *watchRoom(ctx) {
            seen.push(fieldsOf(current()) === fieldsOf(ctx));
            yield {};
            seen.push(fieldsOf(current()) === fieldsOf(ctx));
          },
        },
      });
      const tenant = withFields(root, { tenant: 'acme' });

      await fixture.client.getRoom(tenant, {});
      await Array.fromAsync(fixture.client.watchRoom(tenant, {}));

      assert.deepEqual(seen, [true, true, true]);
    });
  });

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

  describe(`${name}: around the handler`, inTime, () => {
    test('middleware runs from the outside in, and knows the method', async () => {
      const seen: string[] = [];
      const named = (label: string): Middleware => {
        return (next, method: MethodInfo) => async (ctx, input) => {
          seen.push(`${label} ${method.side} ${method.service}/${method.method} ${method.kind} ${method.idempotent}`);
          return next(ctx, input);
        };
      };
      await using fixture = await connect({
        client: { middleware: [named('client')] },
        server: { middleware: [named('server')] },
        service: { middleware: [named('service')] },
      });

      await fixture.client.getRoom(root, {});

      const method = 'flotilla.test.v1.RoomService/GetRoom unary true';
      assert.deepEqual(seen, [`client client ${method}`, `server server ${method}`, `service server ${method}`]);
    });

    test('a rejected call reaches no handler and the caller is told why', async () => {
      let calls = 0;
      await using fixture = await connect({
        server: {
          admit: ({ service, method, fields }) => ({
            admitted: false,
            error: new StatusError('resource_exhausted', `${service}/${method} of ${fields.tenant}`, {
              reason: 'FULL',
            }),
            retryAfterMs: 1_500,
          }),
        },
        handlers: hanging(undefined, () => calls++),
      });
      const ctx = withFields(root, { tenant: 'acme' });

      for (const call of Object.values(callsOfEachKind)) {
        await assert.rejects(call(fixture.client, ctx), (error: StatusError) => {
          assert.equal(error.reason, 'FULL');
          assert.match(error.message, /^flotilla.test.v1.RoomService\/\w+ of acme$/);
          return true;
        });
      }
      assert.equal(calls, 0);
    });

    test('whoever admitted a call is told how it ended, once', async () => {
      const outcomes: (string | undefined)[] = [];
      const done = (outcome: Outcome) => outcomes.push(outcome.error?.reason);
      await using fixture = await connect({
        server: { admit: () => ({ admitted: true, done }) },
        handlers: {
          async closeRoom() {
            throw TestErrors.ROOM_CLOSED('closed');
          },
        },
      });
      const { client } = fixture;

      await client.getRoom(root, {});
      await client.closeRoom(root, {}).catch(() => {});
      await Array.fromAsync(client.watchRoom(root, { count: 2 }));
      await fixture.stop(root);

      assert.deepEqual(outcomes, [undefined, 'ROOM_CLOSED', undefined]);
    });
  });

  describe(`${name}: limits`, inTime, () => {
    const tooLarge = { code: 'resource_exhausted' };
    const padding = new Uint8Array(2_000);

    test('a request larger than the server’s limit reaches no handler', async () => {
      let calls = 0;
      await using fixture = await connect({
        server: { maxMessageBytes: 1_000 },
        handlers: {
          async getRoom() {
            calls++;
            return {};
          },
        },
      });

      await assert.rejects(fixture.client.getRoom(root, { padding }), { ...tooLarge, reason: 'MESSAGE_TOO_LARGE' });

      assert.equal(calls, 0);
    });

    test('an answer larger than the server’s limit is not sent', async () => {
      await using fixture = await connect({
        server: { maxMessageBytes: 1_000 },
        handlers: { getRoom: async () => ({ padding }) },
      });

      await assert.rejects(fixture.client.getRoom(root, {}), { ...tooLarge, reason: 'MESSAGE_TOO_LARGE' });
    });

    test('a message larger than the client’s limit is neither sent nor taken', async () => {
      let calls = 0;
      await using fixture = await connect({
        client: { maxMessageBytes: 1_000 },
        handlers: {
          async getRoom() {
            calls++;
            return { padding };
          },
        },
      });

      await assert.rejects(fixture.client.getRoom(root, { padding }), tooLarge);
      assert.equal(calls, 0);
      await assert.rejects(fixture.client.getRoom(root, {}), tooLarge);
      assert.equal(calls, 1);
    });
  });

  describe(`${name}: drain`, inTime, () => {
    test('stop waits for a running call, which is answered', async () => {
      const started = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      await using fixture = await connect({
        handlers: {
          async getRoom() {
            started.resolve();
            await release.promise;
            return { room: { id: '7' } };
          },
        },
      });

      const answer = fixture.client.getRoom(root, {});
      await started.promise;
      const stopped = fixture.stop(root);
      release.resolve();

      assert.equal((await answer).room?.id, '7');
      await stopped;
    });

    test('a call that outlasts the drain is cut', async () => {
      const started = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      await using fixture = await connect({ handlers: hanging(() => ended.resolve(), started.resolve) });

      const answer = assert.rejects(fixture.client.getRoom(root, {}), { code: 'unavailable' });
      await started.promise;
      await fixture.stop(root.withTimeout(20));

      await ended.promise;
      await answer;
    });

    test('a stream that outlasts the drain’s patience ends with DRAINING', async () => {
      const started = Promise.withResolvers<void>();
      await using fixture = await connect({
        server: { streamDrainMs: 1 },
        handlers: hanging(undefined, started.resolve),
      });

      const answer = assert.rejects(Array.fromAsync(fixture.client.watchRoom(root, {})), { reason: 'DRAINING' });
      await started.promise;
      await fixture.stop(root);

      await answer;
    });

    test('a call after stop fails with unavailable', async () => {
      await using fixture = await connect();
      await fixture.client.getRoom(root, {});

      await fixture.stop(root);

      await assert.rejects(fixture.client.getRoom(root, {}), { code: 'unavailable' });
    });
  });
}

/** One call of each kind, to its end. */
const callsOfEachKind = {
  unary: (client: RpcClient<typeof RoomService>, ctx: Context) => client.getRoom(ctx, { id: '7' }),
  'server stream': (client, ctx) => Array.fromAsync(client.watchRoom(ctx, { id: '7', count: 2 })),
  'client stream': (client, ctx) => client.uploadMessages(ctx, texts('a', 'b')),
  'bidi stream': (client, ctx) => Array.fromAsync(client.chat(ctx, texts('a', 'b'))),
} satisfies Record<string, (client: RpcClient<typeof RoomService>, ctx: Context) => Promise<unknown>>;

/** Handlers that never answer and do not look at their Context. */
function hanging(onEnd: ((ctx: Context) => void) | undefined, onStart?: () => void): Partial<RoomHandlers> {
  const hang = (ctx: Context): Promise<never> => {
    onStart?.();
    if (onEnd !== undefined) ctx.onDone(() => onEnd(ctx));
    return new Promise(() => {});
  };
  return {
    getRoom: hang,
    uploadMessages: hang,
    async *watchRoom(ctx) {
      yield await hang(ctx);
    },
    async *chat(ctx) {
      yield await hang(ctx);
    },
  };
}

async function* texts(...all: string[]): AsyncGenerator<{ text: string }> {
  for (const text of all) yield { text };
}

async function textsOf(stream: AsyncIterable<{ readonly text: string }>): Promise<string[]> {
  return (await Array.fromAsync(stream)).map(({ text }) => text);
}
