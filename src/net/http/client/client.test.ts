import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type CallFields, fieldsOf, withFields } from '../../../call/index.ts';
import { background, type Context, rootContext, sleep } from '../../../concurrency/index.ts';
import { defineErrors, is, isStatusError, type StatusError } from '../../../errors/index.ts';
import type { MethodInfo, Middleware } from '../../../service/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { rawBytes, rawJson } from '../input/body.ts';
import { bytes, empty, html, redirect, stream, text } from '../reply/reply.ts';
import { gate, serve } from '../server.fixture.ts';
import { client } from './client.ts';

const ctx = background();

describe('http.client', () => {
  it('sends and reads JSON, text and bytes', async () => {
    await using server = await serve((router) => {
      router.post('/echo', { body: rawJson() }, (_ctx, req) => ({ got: req.body, key: req.header('x-key') }));
      router.put('/bytes', { body: rawBytes() }, (_ctx, req) => bytes(req.body));
      router.get('/text', () => text('é', { headers: { 'x-answer': '42' } }));
      router.post('/nothing', () => undefined);
    });
    const api = client({ baseUrl: server.url });

    assert.deepEqual(await api.postJson(ctx, '/echo', { a: 1 }, { headers: { 'x-key': 'k' } }), {
      got: { a: 1 },
      key: 'k',
    });
    const echoed = await api.request(ctx, { method: 'PUT', url: '/bytes', body: Uint8Array.of(1, 2) });
    assert.deepEqual([echoed.status, [...echoed.body]], [200, [1, 2]]);
    const answer = await api.request(ctx, { url: `${server.url}/text` });
    assert.deepEqual(
      [answer.text(), answer.header('X-Answer'), answer.headers['content-type']],
      ['é', '42', 'text/plain; charset=utf-8'],
    );
    assert.equal(await api.postJson(ctx, '/nothing', {}), undefined);
  });

  it('carries the eight fields: seven as they are, the deadline smaller', async () => {
    const arrived = gate<{ fields: CallFields; remainingMs: number }>();
    await using server = await serve((router) =>
      router.get('/', (inner) => arrived.resolve({ fields: fieldsOf(inner), remainingMs: inner.remainingMs() })),
    );
    using outer = ctx.withTimeout(5000);
    const sent = withFields(outer, {
      trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true, state: 'a=1' },
      baggage: new Map([['k', 'ü']]),
      lane: 'blau/grün',
      tenant: 'acme',
      principal: 'user 7',
      priority: 'critical',
      attempt: 1,
    });

    await client({ baseUrl: server.url }).request(sent, { url: '/' });

    const { fields, remainingMs } = await arrived.promise;
    assert.deepEqual(fields, fieldsOf(sent));
    assert.ok(remainingMs > 4000 && remainingMs < 5000, String(remainingMs));
  });

  it('sends no fields to servers of others', async () => {
    await using server = await serve((router) => router.get('/', (_ctx, req) => Object.keys(req.headers)));
    using limited = withFields(ctx, { tenant: 'acme', principal: 'user' }).withTimeout(60_000);

    const names = (await client({ baseUrl: server.url, sendFields: false }).getJson(limited, '/')) as string[];

    assert.deepEqual(
      names.filter((name) => /flotilla|baggage|trace/.test(name)),
      [],
    );
  });

  it("throws what the server's error says, so that errors.is knows it again", async () => {
    const RoomErrors = defineErrors('live.room', { ROOM_CLOSED: { code: 'failed_precondition' } });
    await using server = await serve((router) => {
      router.get('/closed', () => {
        throw RoomErrors.ROOM_CLOSED('closed', { metadata: { room: '7' } });
      });
      router.get('/html', () => html('<h1>Bad gateway', { status: 502 }));
    });
    const api = client({ baseUrl: server.url });

    const closed = await failure(api.getJson(ctx, '/closed'));
    const foreign = await failure(api.getJson(ctx, '/html'));

    assert.ok(is(closed, RoomErrors.ROOM_CLOSED));
    assert.deepEqual([closed.message, closed.metadata], ['closed', { room: '7' }]);
    assert.deepEqual([foreign.code, foreign.message], ['unavailable', 'HTTP status 502']);
  });

  it('does not follow redirects, and gives what has no error status', async () => {
    await using server = await serve((router) => {
      router.get('/old', () => redirect('https://elsewhere.test/'));
      router.get('/same', () => empty({ status: 304 }));
    });
    const api = client({ baseUrl: server.url });

    const moved = await api.request(ctx, { url: '/old' });

    assert.deepEqual([moved.status, moved.header('location')], [303, 'https://elsewhere.test/']);
    assert.equal((await api.request(ctx, { url: '/same' })).status, 304);
  });

  it('ends with its Context, which cancels the work of the server', async () => {
    const started = gate();
    const ended = gate<Context>();
    await using server = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, async (inner) => {
        inner.onDone(() => ended.resolve(inner));
        started.resolve();
        await sleep(inner, 60_000);
      }),
    );
    using outer = ctx.withCancel();
    const call = failure(client({ baseUrl: server.url }).request(outer, { url: '/' }));
    await started.promise;

    outer.cancel();

    assert.equal((await call).code, 'canceled');
    assert.equal((await ended.promise).err()?.code, 'canceled');
  });

  it('gives up after timeoutMs and tells the server how long it waits', async () => {
    const arrived = gate<number>();
    await using server = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, (inner) => {
        arrived.resolve(inner.remainingMs());
        return new Promise(() => {});
      }),
    );
    const clock = virtualClock();
    const call = failure(client({ baseUrl: server.url, timeoutMs: 700 }).request(rootContext(clock), { url: '/' }));
    const remainingMs = await arrived.promise;

    await clock.advance(700);

    assert.equal((await call).code, 'deadline_exceeded');
    assert.ok(remainingMs > 0 && remainingMs <= 700, String(remainingMs));
    assert.equal(clock.pending, 0);
  });

  it('refuses an answer that is too large, by its length, by its bytes, and decompressed', async () => {
    let made = 0;
    await using server = await serve((router) => {
      router.get('/length', () => text('x'.repeat(2000)));
      router.get('/endless', { timeoutMs: 0 }, () =>
        stream(
          (async function* () {
            for (;;) yield `${made++}`.repeat(100);
          })(),
        ),
      );
      router.get('/bomb', () => bytes(gzipSync(new Uint8Array(100_000)), { headers: { 'content-encoding': 'gzip' } }));
    });
    const api = client({ baseUrl: server.url, maxResponseBytes: 1000 });

    for (const path of ['/length', '/endless', '/bomb']) {
      const error = await failure(api.request(ctx, { url: path }));
      assert.deepEqual([error.code, error.reason], ['resource_exhausted', 'RESPONSE_TOO_LARGE'], path);
    }
  });

  it('says who could not be reached and why', async () => {
    const door = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const { port } = door.address() as { port: number };
    const api = client({ baseUrl: `http://127.0.0.1:${port}` });

    const cut = await failure(api.request(ctx, { url: '/rooms?secret=1' }));
    await new Promise((resolve) => door.close(resolve));
    const refused = await failure(api.request(ctx, { method: 'POST', url: '/rooms' }));

    assert.deepEqual(
      [cut.code, cut.reason, refused.code, refused.reason],
      ['unavailable', 'CONNECTION_FAILED', 'unavailable', 'CONNECTION_FAILED'],
    );
    assert.match(refused.message, new RegExp(`^POST http://127\\.0\\.0\\.1:${port}/rooms: .*ECONNREFUSED`));
    assert.doesNotMatch(cut.message, /secret/);
  });

  it('says that an answer is not JSON', async () => {
    await using server = await serve((router) => router.get('/', () => html('<p>')));

    const error = await failure(client({ baseUrl: server.url }).getJson(ctx, '/'));

    assert.deepEqual([error.code, error.reason], ['data_loss', 'MALFORMED_RESPONSE']);
  });

  it('refuses an address that is none', async () => {
    assert.throws(() => client({ baseUrl: 'not a url' }), TypeError);
    await assert.rejects(
      client().request(ctx, { url: '/rooms' }),
      /"\/rooms" is not an http\(s\) address, and there is no baseUrl/,
    );
    await assert.rejects(client().request(ctx, { url: 'file:///etc/passwd' }), TypeError);
  });

  it('applies its middleware once per operation, and bounds how many there are', async () => {
    await using server = await serve((router) => router.get('/:n', (_ctx, req) => req.params.n));
    const methods: MethodInfo[] = [];
    const note: Middleware = (next, method) => {
      methods.push(method);
      return next;
    };
    const api = client({ baseUrl: server.url, middleware: [note] });

    for (let n = 0; n < 2; n++) await api.getJson(ctx, `/${n}`, { operation: 'GET /:n' });
    for (let n = 0; n < 300; n++) await api.getJson(ctx, `/${n}`, { operation: `GET /${n}` });

    const { service: _service, ...first } = methods[0]!;
    assert.deepEqual(first, {
      method: 'GET /:n',
      kind: 'unary',
      side: 'client',
      transport: 'http',
      idempotent: true,
      timeoutMs: 15_000,
    });
    assert.equal(methods.length, 201);
    assert.equal(methods.at(-1)?.method, 'GET');
  });
});

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isStatusError(error), String(error));
  return error;
}
