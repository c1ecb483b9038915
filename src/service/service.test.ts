import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { defaultFields, fieldsOf } from '../call/index.ts';
import { background, type Context, current } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { noTelemetry, type Span, type Telemetry, withTelemetry } from '../observe/index.ts';
import {
  applySchema,
  callContext,
  chain,
  fullName,
  instrument,
  type MethodInfo,
  type Middleware,
  serverCall,
  validate,
} from './index.ts';

/** What the promise rejects with. */
async function failureOf(promise: Promise<unknown>): Promise<errors.StatusError> {
  try {
    await promise;
  } catch (error) {
    return error as errors.StatusError;
  }
  return assert.fail('the call succeeded');
}

const method: MethodInfo = {
  service: 'live.room.v1.RoomService',
  method: 'GetRoom',
  kind: 'unary',
  side: 'server',
  transport: 'rpc',
  idempotent: true,
  timeoutMs: 0,
};

/** Telemetry that remembers what it was told. */
function recorder() {
  const told: {
    spans: string[];
    failures: unknown[];
    ended: number;
    logs: string[];
    durations: string[];
    inFlight: number[];
  } = {
    spans: [],
    failures: [],
    ended: 0,
    logs: [],
    durations: [],
    inFlight: [],
  };
  const span: Span = {
    context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true, state: '' },
    recording: true,
    setAttribute() {},
    addEvent() {},
    fail: (error) => told.failures.push(error),
    end: () => told.ended++,
  };
  const telemetry: Telemetry = {
    ...noTelemetry,
    tracer: {
      start: (_, name) => {
        told.spans.push(name);
        return span;
      },
    },
    log: { ...noTelemetry.log, log: (_, level, message) => told.logs.push(`${level} ${message}`) },
    metrics: {
      ...noTelemetry.metrics,
      histogram: (name) => ({
        with: (labels) => ({ record: () => told.durations.push(`${name} ${labels?.method} ${labels?.code}`) }),
      }),
      gauge: () => ({ with: () => ({ set: (value) => told.inFlight.push(value) }) }),
    },
  };
  return { ctx: withTelemetry(background(), telemetry), told };
}

test('the first middleware is the outermost, and each is applied once', async () => {
  const order: string[] = [];
  const named =
    (name: string): Middleware =>
    (next) => {
      order.push(`apply ${name}`);
      return async (ctx, input) => {
        order.push(name);
        return next(ctx, input);
      };
    };
  const handler = chain([named('a'), named('b')])(async () => order.push('handler'), method);

  await handler(background(), undefined);
  await handler(background(), undefined);

  assert.deepEqual(order, ['apply b', 'apply a', 'a', 'b', 'handler', 'a', 'b', 'handler']);
});

test('the full name is the route over HTTP and service/method over RPC', () => {
  assert.equal(fullName(method), 'live.room.v1.RoomService/GetRoom');
  assert.equal(fullName({ ...method, transport: 'http', method: 'GET /x' }), 'GET /x');
});

test('a call emits a span, a duration, the calls in flight and a log line, and its span becomes the context’s', async () => {
  const { ctx, told } = recorder();
  let inside: Context | undefined;
  const call = serverCall(async (own: Context, input: number) => {
    inside = own;
    assert.equal(current(), own);
    return input + 1;
  }, method);

  assert.equal(await call(ctx, 1), 2);

  assert.deepEqual(told.spans, ['live.room.v1.RoomService/GetRoom']);
  assert.equal(told.ended, 1);
  assert.deepEqual(told.durations, ['rpc.server.call.duration live.room.v1.RoomService/GetRoom ok']);
  assert.deepEqual(told.inFlight, [1, 0]);
  assert.deepEqual(told.logs, ['info server live.room.v1.RoomService/GetRoom ok']);
  assert.equal(fieldsOf(inside ?? ctx).trace?.spanId, '2'.repeat(16));
});

test('an unknown failure leaves as internal with an id and is logged with its cause', async () => {
  const { ctx, told } = recorder();
  const call = serverCall(() => Promise.reject(new TypeError('secret detail')), method);

  const error = await failureOf(call(ctx, undefined));

  assert.equal(error.code, 'internal');
  assert.ok(!error.message.includes('secret'));
  assert.match(error.metadata.errorId ?? '', /^[0-9a-f-]{36}$/);
  assert.deepEqual(told.logs, ['error server live.room.v1.RoomService/GetRoom internal']);
  assert.equal((told.failures[0] as Error).cause, error.cause);
});

test('a deliberate failure passes as it is and is not the service’s fault', async () => {
  const { ctx, told } = recorder();
  const refusal = new errors.StatusError('not_found', 'room 7 not found');

  await assert.rejects(serverCall(() => Promise.reject(refusal), method)(ctx, undefined), refusal);

  assert.deepEqual(told.logs, ['info server live.room.v1.RoomService/GetRoom not_found']);
});

test('a handler that does not look at its context is answered for when the deadline passes', async () => {
  const { ctx } = recorder();
  using call = callContext(ctx, { fields: defaultFields, timeoutMs: 5 }, 0);

  // Thrown at once where a busy machine has used the time up before.
  const answer = Promise.try(() => serverCall(() => new Promise<never>(() => {}), method)(call, undefined));

  await assert.rejects(answer, (error) => errors.is(error, 'deadline_exceeded'));
});

test('a call whose time is over never reaches the handler', () => {
  using call = callContext(background(), { fields: defaultFields, timeoutMs: 0 }, 1000);

  assert.throws(
    () => serverCall(async () => assert.fail('handler ran'), method)(call, undefined),
    (error) => errors.is(error, 'deadline_exceeded'),
  );
});

test('a handler that is done at once is answered at once', () => {
  const call = callContext(background(), { fields: defaultFields, timeoutMs: undefined }, 1000);
  const step = serverCall((ctx: Context, input: number) => (current() === ctx ? input + 1 : 0), method);

  assert.equal(step(call, 1), 2);
  assert.throws(
    () =>
      serverCall((): number => {
        throw new TypeError('secret');
      }, method)(call, undefined),
    (error) => errors.is(error, 'internal') && !String((error as Error).message).includes('secret'),
  );
});

test('the earlier of the caller’s and the method’s limit holds, and 0 is none', () => {
  const left = (timeoutMs: number | undefined, limit: number) =>
    Math.round(callContext(background(), { fields: defaultFields, timeoutMs }, limit).remainingMs() / 1000);

  assert.deepEqual([left(5000, 9000), left(9000, 5000), left(undefined, 5000), left(5000, 0)], [5, 5, 5, 5]);
  assert.equal(left(undefined, 0), Number.POSITIVE_INFINITY);
});

test('a stream’s call ends with its last message and runs in its context', async () => {
  const { ctx, told } = recorder();
  const seen: number[] = [];
  let inside: string | undefined;
  const call = serverCall(
    async () =>
      (async function* () {
        yield 1;
        await Promise.resolve();
        inside = fieldsOf(current()).trace?.spanId;
        yield 2;
      })(),
    { ...method, kind: 'server_stream' },
  );

  for await (const value of await call(ctx, undefined)) {
    assert.equal(told.ended, 0);
    seen.push(value);
  }

  assert.deepEqual(seen, [1, 2]);
  assert.equal(inside, '2'.repeat(16));
  assert.deepEqual([told.ended, told.inFlight.at(-1)], [1, 0]);
});

test('a stream’s failure is hidden and counted like a call’s, and a reader that leaves ends the call', async () => {
  const { ctx, told } = recorder();
  const failing = serverCall(
    async () =>
      (async function* () {
        yield 1;
        throw new TypeError('secret');
      })(),
    { ...method, kind: 'server_stream' },
  );
  const read = async () => {
    for await (const value of await failing(ctx, undefined)) assert.equal(value, 1);
  };

  await assert.rejects(read(), (error) => errors.is(error, 'internal') && !(error as Error).message.includes('secret'));
  for await (const value of await failing(ctx, undefined)) {
    assert.equal(value, 1);
    break;
  }

  assert.equal(told.ended, 2);
  assert.equal(told.inFlight.at(-1), 0);
  assert.deepEqual(
    told.durations.map((line) => line.split(' ').at(-1)),
    ['internal', 'ok'],
  );
});

test('a stream that is left before its first message, or never read, ends its call', async () => {
  const { ctx, told } = recorder();
  const call = serverCall(
    async () =>
      (async function* () {
        yield 1;
      })(),
    { ...method, kind: 'server_stream' },
  );
  const abandoned = ctx.withCancel();

  const left = await call(ctx, undefined);
  await left[Symbol.asyncIterator]().return?.();
  await call(abandoned, undefined);
  assert.deepEqual([told.ended, told.inFlight], [1, [1, 0, 1]]);
  abandoned.cancel();

  assert.deepEqual([told.ended, told.inFlight.at(-1)], [2, 0]);
  assert.deepEqual(
    told.durations.map((line) => line.split(' ').at(-1)),
    ['ok', 'canceled'],
  );
});

test('what a stream throws while it is left is hidden too', async () => {
  const { ctx } = recorder();
  const call = serverCall(
    async () =>
      (async function* () {
        try {
          yield 1;
        } finally {
          await Promise.reject(new TypeError('secret'));
        }
      })(),
    { ...method, kind: 'server_stream' },
  );
  const leave = async () => {
    for await (const value of await call(ctx, undefined)) {
      assert.equal(value, 1);
      break;
    }
  };

  await assert.rejects(
    leave(),
    (error) => errors.is(error, 'internal') && !(error as Error).message.includes('secret'),
  );
});

test('the client side logs its successes at debug and names itself', async () => {
  const { ctx, told } = recorder();

  await instrument(async () => 1, { ...method, side: 'client' })(ctx, undefined);

  assert.deepEqual(told.logs, ['debug client live.room.v1.RoomService/GetRoom ok']);
  assert.match(told.durations[0] ?? '', /^rpc\.client\.call\.duration/);
});

test('validate gives the schema’s value, or names every offending path', async () => {
  const schema = z.object({ title: z.string().min(1).max(5), size: z.coerce.number().int() });

  assert.deepEqual(await validate(schema, { title: 'abc', size: '7' }, 'body'), { title: 'abc', size: 7 });
  const error = await failureOf(validate(schema, { title: '', size: 'x' }, 'body'));

  assert.deepEqual(
    [error.code, error.reason, Object.keys(error.metadata)],
    ['invalid_argument', 'INVALID_INPUT', ['body.title', 'body.size']],
  );
  assert.match(error.message, /^invalid body: body\.title: /);
});

test('applySchema answers at once where the schema does', async () => {
  const slow = z.string().refine(async (value) => value !== 'taken');

  assert.equal(applySchema(z.string(), 'abc', 'body'), 'abc');
  assert.throws(() => applySchema(z.string(), 7, 'body'), { reason: 'INVALID_INPUT' });
  const pending = applySchema(slow, 'free', 'body');

  assert.ok(pending instanceof Promise);
  assert.equal(await pending, 'free');
});

test('validate waits for an asynchronous schema and bounds what it reports', async () => {
  const slow = z.string().refine(async (value) => value !== 'taken');
  const many = z.array(z.number());

  await assert.rejects(validate(slow, 'taken', 'query'), /invalid query/);
  const error = await failureOf(validate(many, Array(100).fill('x'), 'body'));

  assert.equal(Object.keys(error.metadata).length, 8);
  const long = await failureOf(validate(z.record(z.string(), z.number()), { ['k'.repeat(100_000)]: 'x' }, 'body'));
  assert.ok(JSON.stringify([long.message, long.metadata]).length < 1000);
});
