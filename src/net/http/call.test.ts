import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallFields, type CallHead, defaultFields, fieldsOf, type Outcome } from '../../call/index.ts';
import { background, type Context, current, sleep } from '../../concurrency/index.ts';
import { defineErrors, StatusError } from '../../errors/index.ts';
import { type LogFields, noTelemetry, type Span, type Telemetry, withTelemetry } from '../../observe/index.ts';
import type { Middleware } from '../../service/index.ts';
import { requestOf, setReplyHeader } from './call-state.ts';
import { rawJson } from './input/body.ts';
import { json, text } from './reply/reply.ts';
import { errorOf, gate, RawClient, serve } from './server.fixture.ts';

const host = 'Host: test\r\n';
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('the fields of a call', () => {
  const sent = {
    traceparent: `00-${traceId}-${spanId}-01`,
    tracestate: 'a=1',
    baggage: 'k=v',
    'flotilla-lane': 'blue',
    'flotilla-tenant': 'acme',
    'flotilla-principal': 'user%2F7',
    'flotilla-priority': 'sheddable',
    'flotilla-attempt': '2',
    'flotilla-timeout-ms': '4000',
  };

  it('are read from the headers, with the deadline', async () => {
    let fields: CallFields | undefined;
    let remainingMs = 0;
    await using server = await serve((router) =>
      router.get('/', (ctx) => {
        fields = fieldsOf(ctx);
        remainingMs = ctx.remainingMs();
      }),
    );

    await fetch(server.url, { headers: sent });

    assert.deepEqual(
      { ...fields, baggage: [...(fields?.baggage ?? [])] },
      {
        trace: { traceId, spanId, sampled: true, state: 'a=1' },
        baggage: [['k', 'v']],
        lane: 'blue',
        tenant: 'acme',
        principal: 'user/7',
        priority: 'sheddable',
        attempt: 2,
      },
    );
    assert.ok(remainingMs > 3000 && remainingMs <= 4000, String(remainingMs));
  });

  it('are only those that the `fields` option believes', async () => {
    let fields: CallFields | undefined;
    let deadline: number | undefined;
    await using server = await serve(
      (router) =>
        router.get('/', (ctx) => {
          fields = fieldsOf(ctx);
          deadline = ctx.deadline;
        }),
      {
        fields: (get) => ({ fields: { ...defaultFields, lane: get('flotilla-lane') ?? '' }, timeoutMs: undefined }),
        timeoutMs: 0,
      },
    );

    await fetch(server.url, { headers: sent });

    assert.deepEqual(fields, { ...defaultFields, lane: 'blue' });
    assert.equal(deadline, undefined);
  });

  it('are in the current Context of the handler', async () => {
    await using server = await serve((router) => router.get('/', (ctx) => current() === ctx));

    assert.equal(await (await fetch(server.url)).json(), true);
  });
});

describe('the traceparent of an answer', () => {
  it('is the server span, on success, on errors and where no route answers', async () => {
    const { telemetry, spans } = recording();
    await using server = await serve(
      (router) => {
        router.get('/', () => 1);
        router.get('/fails', () => {
          throw new StatusError('aborted', 'no');
        });
      },
      {},
      withTelemetry(background(), telemetry),
    );

    const answers: Response[] = [];
    for (const path of ['/', '/fails', '/nowhere']) {
      answers.push(await fetch(server.url + path, { headers: { traceparent: `00-${traceId}-${spanId}-01` } }));
    }

    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 409, 404],
    );
    assert.deepEqual(
      answers.map(({ headers }) => headers.get('traceparent')),
      [1, 2, 3].map((n) => `00-${traceId}-${String(n).padStart(16, '0')}-01`),
    );
    assert.deepEqual(
      spans.map(({ name, failed }) => [name, failed]),
      [
        ['GET /', false],
        ['GET /fails', true],
        ['unmatched', true],
      ],
    );
  });

  it("is absent without telemetry, so that the caller's own is not taken for it", async () => {
    await using server = await serve((router) => router.get('/', () => 1));

    const { headers } = await fetch(server.url, { headers: { traceparent: `00-${traceId}-${spanId}-01` } });

    assert.equal(headers.get('traceparent'), null);
  });
});

describe('admission', () => {
  it('sees the head alone, and its refusal costs no parsing', async () => {
    const heads: CallHead[] = [];
    let reached = false;
    await using server = await serve(
      (router) =>
        router.post('/rooms/:id', { body: rawJson() }, () => {
          reached = true;
        }),
      {
        admit: (head) => {
          heads.push(head);
          const error = new StatusError('resource_exhausted', 'too many', { reason: 'OVERLOADED' });
          return { admitted: false, error, retryAfterMs: 1500 };
        },
      },
    );

    using client = new RawClient(server.port);
    const answer = await client
      .send(
        `POST /rooms/7 HTTP/1.1\r\n${host}Flotilla-Tenant: acme\r\nFlotilla-Timeout-Ms: 50\r\nContent-Length: 9\r\n\r\nnot json!`,
      )
      .answer();
    const unmatched = await client.send(`GET /nowhere HTTP/1.1\r\n${host}\r\n`).answer();

    assert.deepEqual([answer.status, errorOf(answer).reason, answer.headers['retry-after']], [429, 'OVERLOADED', '2']);
    assert.equal(unmatched.status, 429);
    assert.deepEqual(
      heads.map(({ service, method, sizeBytes, timeoutMs, fields }) => [
        service,
        method,
        sizeBytes,
        timeoutMs,
        fields.tenant,
      ]),
      [
        ['test', 'POST /rooms/:id', 9, 50, 'acme'],
        ['test', 'unmatched', 0, undefined, ''],
      ],
    );
    assert.deepEqual(new Set(heads.map(({ address }) => address)), new Set(['127.0.0.1']));
    assert.equal(reached, false);
  });

  it('tells callers how much of a limit is left', async () => {
    const quota = { policy: 'signup', limit: 5, windowMs: 60_000, remaining: 4, resetMs: 11_200 };
    const none = { ...quota, remaining: 0, resetMs: 60_000 };
    const error = new StatusError('resource_exhausted', 'too many', { reason: 'RATE_LIMITED' });
    const decisions = [
      { admitted: true, done: () => {}, quota } as const,
      { admitted: false, error, retryAfterMs: 12_000, quota: none } as const,
    ];
    await using server = await serve((router) => router.get('/', () => 1), { admit: () => decisions.shift()! });

    const admitted = await fetch(server.url);
    const refused = await fetch(server.url);

    const told = ({ status, headers }: Response) => [status, headers.get('ratelimit-policy'), headers.get('ratelimit')];
    assert.deepEqual(told(admitted), [200, '"signup";q=5;w=60', '"signup";r=4;t=12']);
    assert.deepEqual(told(refused), [429, '"signup";q=5;w=60', '"signup";r=0;t=60']);
    assert.equal(refused.headers.get('retry-after'), '12');
  });

  it('is told once how each admitted call ended', async () => {
    const outcomes: Outcome[] = [];
    await using server = await serve(
      (router) => {
        router.get('/', () => 1);
        router.get('/fails', () => {
          throw new TypeError('secret');
        });
      },
      { admit: () => ({ admitted: true, done: (outcome) => outcomes.push(outcome) }) },
    );

    await fetch(server.url);
    await fetch(`${server.url}/fails`);

    assert.deepEqual(
      outcomes.map(({ error }) => error?.code),
      [undefined, 'internal'],
    );
    assert.ok(outcomes.every(({ durationMs }) => durationMs >= 0));
  });
});

describe('errors', () => {
  const RoomErrors = defineErrors('live.room', { ROOM_CLOSED: { code: 'failed_precondition' } });

  it('of a handler leave with their reason, and what is not one leaves as internal with an id', async () => {
    const { telemetry, lines } = recording();
    await using server = await serve(
      (router) => {
        router.get('/closed', () => {
          throw RoomErrors.ROOM_CLOSED('room 7 is closed', { metadata: { room: '7' } });
        });
        router.get('/bug', () => {
          throw new Error('password is hunter2');
        });
      },
      {},
      withTelemetry(background(), telemetry),
    );

    const closed = await fetch(`${server.url}/closed`);
    const bug = await fetch(`${server.url}/bug`);

    assert.equal(closed.status, 400);
    const { details: _details, ...shape } = (await closed.json()) as Record<string, unknown>;
    assert.deepEqual(shape, {
      code: 'failed_precondition',
      reason: 'ROOM_CLOSED',
      message: 'room 7 is closed',
      domain: 'live.room',
      metadata: { room: '7' },
    });
    assert.equal(bug.status, 500);
    const body = await bug.text();
    assert.doesNotMatch(body, /hunter2/);
    const { errorId } = (JSON.parse(body) as { metadata: { errorId: string } }).metadata;
    assert.ok(
      lines.some(
        ({ error }) =>
          error instanceof StatusError && error.metadata.errorId === errorId && String(error.cause).includes('hunter2'),
      ),
    );
  });

  const mistakes: readonly [name: string, result: () => unknown][] = [
    ['a value that JSON cannot say', () => ({ n: 1n })],
    ['a function', () => () => 1],
    ['a header with a line break', () => text('', { headers: { 'x-a': 'a\r\nb: c' } })],
    ['an async iterable without a word how to send it', async function* () {}],
    ['a reply whose body is no string or bytes', () => text(7 as unknown as string)],
  ];
  for (const [name, result] of mistakes) {
    it(`of a handler that answers ${name} is internal`, async () => {
      await using server = await serve((router) => router.get('/', result));

      const answer = await fetch(server.url);

      assert.equal(answer.status, 500);
      assert.equal(((await answer.json()) as { reason: string }).reason, 'INTERNAL');
      assert.equal((await fetch(`${server.url}/nowhere`)).status, 404);
    });
  }
});

describe('middleware', () => {
  it('wraps from the server in to the route, also what no route answers, and sees the request through the Context', async () => {
    const seen: string[] = [];
    const note =
      (name: string): Middleware =>
      (next, method) =>
      async (ctx, input) => {
        seen.push(`${name} ${method.method} ${requestOf(ctx)?.header('x-key')} ${requestOf(ctx)?.cookies.sid}`);
        setReplyHeader(ctx, `X-${name}`, method.method);
        return next(ctx, input);
      };
    await using server = await serve(
      (router) => router.group('', { middleware: [note('group')] }).get('/', { middleware: [note('route')] }, () => 1),
      { middleware: [note('server')] },
    );

    const answer = await fetch(server.url, { headers: { 'x-key': 'k', cookie: 'sid=1' } });
    const missing = await fetch(`${server.url}/nowhere`);

    assert.deepEqual(seen, [
      'server GET / k 1',
      'group GET / k 1',
      'route GET / k 1',
      'server unmatched undefined undefined',
    ]);
    assert.deepEqual(
      ['x-server', 'x-group', 'x-route'].map((name) => answer.headers.get(name)),
      ['GET /', 'GET /', 'GET /'],
    );
    assert.deepEqual([missing.status, missing.headers.get('x-server')], [404, 'unmatched']);
  });

  it('may answer itself, refuse, and is applied once per route', async () => {
    let applied = 0;
    const door: Middleware = (next) => {
      applied++;
      return async (ctx, input) => {
        const key = requestOf(ctx)?.header('x-key');
        if (key === undefined) throw new StatusError('unauthenticated', 'no key');
        return (key === 'cached' ? json('from the cache') : await next(ctx, input)) as Awaited<ReturnType<typeof next>>;
      };
    };
    await using server = await serve((router) => router.get('/', { middleware: [door] }, () => 'fresh'));
    const get = async (headers = {}) => {
      const response = await fetch(server.url, { headers });
      return [response.status, ((await response.json()) as { code?: string }).code ?? 'fine'];
    };

    assert.deepEqual(await get(), [401, 'unauthenticated']);
    assert.deepEqual(await get({ 'x-key': 'cached' }), [200, 'fine']);
    assert.deepEqual(await get({ 'x-key': 'other' }), [200, 'fine']);
    assert.equal(applied, 1);
  });
});

describe('a call ends', () => {
  const slow = (ended: PromiseWithResolvers<Context>) => async (ctx: Context) => {
    ctx.onDone(() => ended.resolve(ctx));
    await sleep(ctx, 60_000);
  };

  const limits: readonly [
    name: string,
    options: { timeoutMs?: number },
    headers: Record<string, string>,
    server: number,
  ][] = [
    ["with the caller's deadline", {}, { 'flotilla-timeout-ms': '30' }, 15_000],
    ["with the route's limit", { timeoutMs: 30 }, {}, 15_000],
    ["with the server's limit", {}, {}, 30],
  ];
  for (const [name, options, headers, timeoutMs] of limits) {
    it(`${name}: 504, and its work stops`, async () => {
      const ended = gate<Context>();
      await using server = await serve((router) => router.get('/', options, slow(ended)), { timeoutMs });

      const answer = await fetch(server.url, { headers });

      assert.equal(answer.status, 504);
      assert.equal(((await answer.json()) as { code: string }).code, 'deadline_exceeded');
      assert.equal((await ended.promise).err()?.code, 'deadline_exceeded');
    });
  }

  it('at its deadline even if the handler does not look at it, or the body never comes', async () => {
    await using server = await serve(
      (router) => {
        router.get('/deaf', () => new Promise(() => {}));
        router.post('/body', { body: rawJson() }, () => 1);
      },
      { timeoutMs: 30 },
    );

    assert.equal((await fetch(`${server.url}/deaf`)).status, 504);
    using client = new RawClient(server.port);
    const answer = await client
      .send(`POST /body HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`)
      .answer();
    assert.deepEqual([answer.status, answer.headers.connection], [504, 'close']);
  });

  it('when the client leaves, while it is handled and while its body is awaited', async () => {
    const started = gate();
    const ended = gate<Context>();
    const outcome = gate<Outcome>();
    await using server = await serve(
      (router) => {
        router.get('/', (ctx) => {
          started.resolve();
          return slow(ended)(ctx);
        });
        router.post('/', { body: rawJson() }, () => 1);
      },
      { admit: (head) => ({ admitted: true, done: (how) => head.sizeBytes === 9 && outcome.resolve(how) }) },
    );
    using client = new RawClient(server.port);
    client.send(`GET / HTTP/1.1\r\n${host}\r\n`);
    await started.promise;
    using uploader = new RawClient(server.port);
    uploader.send(
      `POST / HTTP/1.1\r\n${host}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n`,
    );
    await uploader.until('100 Continue\r\n\r\n');

    client.socket.destroy();
    uploader.socket.resetAndDestroy();

    assert.equal((await ended.promise).err()?.code, 'canceled');
    assert.equal((await outcome.promise).error?.code, 'canceled');
  });
});

interface RecordedSpan {
  readonly name: string;
  failed: boolean;
}

/** Telemetry whose spans are numbered from 1 and whose log lines are kept. */
function recording(): { telemetry: Telemetry; spans: RecordedSpan[]; lines: LogFields[] } {
  const spans: RecordedSpan[] = [];
  const lines: LogFields[] = [];
  const start = (ctx: Context, name: string): Span => {
    const recorded = { name, failed: false };
    spans.push(recorded);
    const parent = fieldsOf(ctx).trace;
    return {
      ...noTelemetry.tracer.start(ctx, name),
      context: {
        traceId: parent?.traceId ?? traceId,
        spanId: String(spans.length).padStart(16, '0'),
        sampled: true,
        state: '',
      },
      fail: () => {
        recorded.failed = true;
      },
    };
  };
  const log = {
    ...noTelemetry.log,
    log: (_ctx: Context, _level: unknown, _message: string, fields: LogFields = {}) => void lines.push(fields),
  };
  return { telemetry: { ...noTelemetry, tracer: { start }, log }, spans, lines };
}
