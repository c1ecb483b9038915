import assert from 'node:assert/strict';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { rootContext } from '../concurrency/index.ts';
import { staticResolver } from '../discovery/index.ts';
import { createRouter } from '../net/http/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { withTelemetry } from '../observe/index.ts';
import { virtualClock } from '../testing/index.ts';
import { createRpcClient } from './client.ts';
import { implement } from './implementation.ts';
import { createRpcServer, type RpcServerOptions } from './server.ts';
import { inTime, root, TestErrors } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { createRecorder } from './testdata/recorder.ts';
import { roomHandlers } from './testdata/room-handlers.ts';
import { tcpServer } from './testdata/tcp-server.ts';

const getRoom = '/flotilla.test.v1.RoomService/GetRoom';
const json = { 'content-type': 'application/json' };

describe('one port', inTime, () => {
  test('serves plain HTTP routes beside RPC, on one connection', async () => {
    const http = createRouter();
    http.get('/hello/:name', async (_ctx, req) => ({ hello: req.params.name }));
    await using fixture = await networkFixture({ server: { http } });

    const plain = await fetch(`${fixture.url}/hello/you`);
    const rpc = await fetch(fixture.url + getRoom, { method: 'POST', headers: json, body: '{"id":"7"}' });

    assert.deepEqual(await plain.json(), { hello: 'you' });
    assert.deepEqual(await rpc.json(), { room: { id: '7', title: 'room 7' } });
  });

  test('names its endpoints: rpc, mux, and http where there are plain routes', async () => {
    const start = async (options: Partial<RpcServerOptions>) => {
      const services = [implement(RoomService, roomHandlers)];
      const server = createRpcServer({ listener: tcpListener({ port: 0 }), services, name: 'room', ...options });
      const endpoints = await server.start(root);
      await server.stop(root);
      return endpoints.map(({ name }) => name);
    };

    assert.deepEqual(await start({}), ['rpc', 'mux']);
    assert.deepEqual(await start({ http: createRouter() }), ['rpc', 'mux', 'http']);
    assert.deepEqual(await start({ transcode: true }), ['rpc', 'mux', 'http']);
  });

  test('serves the google.api.http annotations where asked to', async () => {
    await using fixture = await networkFixture({
      server: { transcode: true },
      handlers: {
        async closeRoom(_ctx, { id, because }) {
          throw TestErrors.ROOM_CLOSED(`${id} ${because}`);
        },
      },
    });
    const call = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(fixture.url + path, init);
      return [answer.status, await answer.json()] as const;
    };
    const room = { id: '7', title: 'room 7', state: 'ROOM_STATE_UNSPECIFIED', viewerCount: '0' };

    assert.deepEqual(await call('/v1/rooms/7'), [200, { room, padding: '' }]);
    assert.deepEqual(await call('/v1/houses/1/rooms/7'), [200, { room, padding: '' }]);
    const created = await call('/v1/rooms', { method: 'POST', headers: json, body: '{"id":"7","title":"room 7"}' });
    assert.deepEqual(created, [200, room]);
    const [status, error] = await call('/v1/rooms/7:close', {
      method: 'POST',
      headers: json,
      body: '{"because":"late"}',
    });
    assert.equal(status, 400);
    assert.partialDeepStrictEqual(error, { reason: 'ROOM_CLOSED', message: '7 late' });
    assert.partialDeepStrictEqual(await call('/v1/rooms/7?nope=1'), [400, { reason: 'INVALID_INPUT' }]);
    assert.partialDeepStrictEqual(await call('/v1/rooms/7:open', { method: 'POST' }), [
      405,
      { reason: 'METHOD_NOT_ALLOWED' },
    ]);
  });

  test('serves an annotated stream as server-sent events', async () => {
    await using fixture = await networkFixture({ server: { transcode: true } });

    const answer = await fetch(`${fixture.url}/v1/rooms/7/events?count=2`);

    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    const events = (await answer.text()).match(/^data: .*$/gm);
    assert.deepEqual(events, ['data: {"number":1,"text":"7 1"}', 'data: {"number":2,"text":"7 2"}']);
  });

  test('sends a client that asks for a plain route over HTTP/2 to HTTP/1.1', async () => {
    await using fixture = await networkFixture({ server: { transcode: true } });
    const session = connectHttp2(fixture.url);
    const stream = session.request({ ':path': '/v1/rooms/7' });

    const error = await new Promise((resolve) => stream.once('error', resolve));
    session.destroy();

    assert.equal(stream.rstCode, constants.NGHTTP2_HTTP_1_1_REQUIRED);
    assert.ok(error);
  });

  test('puts an RPC over HTTP/1.1 under the span of its HTTP call', async () => {
    const recorder = createRecorder('room');
    await using fixture = await networkFixture({ ctx: withTelemetry(root, recorder.telemetry) });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

    await fetch(fixture.url + getRoom, { method: 'POST', headers: { ...json, traceparent }, body: '{}' });

    const [http, rpc] = recorder.spans;
    assert.deepEqual([http?.traceId, http?.parentSpanId], ['a'.repeat(32), 'b'.repeat(16)]);
    assert.deepEqual([rpc?.traceId, rpc?.parentSpanId], [http?.traceId, http?.spanId]);
    assert.equal(rpc?.name, getRoom.slice(1));
  });

  test('admits an RPC over HTTP/1.1 once, as an RPC', async () => {
    const seen: string[] = [];
    const http = createRouter();
    http.get('/hello', async () => ({}));
    await using fixture = await networkFixture({
      server: {
        http,
        admit: ({ service, method }) => {
          seen.push(`${service} ${method}`);
          return { admitted: true, done() {} };
        },
      },
    });

    await fetch(fixture.url + getRoom, { method: 'POST', headers: json, body: '{}' });
    await fetch(`${fixture.url}/hello`);

    assert.deepEqual(seen, ['flotilla.test.v1.RoomService GetRoom', 'room GET /hello']);
  });

  test('observes a call that failed before its message was read', async () => {
    const recorder = createRecorder('room');
    await using fixture = await networkFixture({
      ctx: withTelemetry(root, recorder.telemetry),
      server: { maxMessageBytes: 100 },
    });

    await fixture.client.getRoom(root, { padding: new Uint8Array(200) }).catch(() => {});
    await fixture.stop(root);

    assert.partialDeepStrictEqual(recorder.spans, [{ name: getRoom.slice(1), kind: 'server', ended: true }]);
    assert.match(String(recorder.spans[0]?.failure), /larger than the limit of 100 bytes/);
  });
});

describe('a server protects itself', inTime, () => {
  test('a connection that says nothing is closed', async () => {
    const clock = virtualClock();
    await using fixture = await networkFixture({ ctx: rootContext(clock), server: { firstBytesTimeoutMs: 100 } });
    const socket = connect(Number(new URL(fixture.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));

    await new Promise((resolve) => socket.once('connect', resolve));
    // The server may learn of the connection a turn later than the client.
    while (!socket.closed) await clock.advance(100);

    await closed;
  });

  for (const [version, call] of Object.entries({
    'HTTP/1.1': async (url: string, text: string) => {
      const answer = await fetch(url + getRoom, { method: 'POST', headers: { ...json, 'x-long': text }, body: '{}' });
      return answer.status === 200;
    },
    'HTTP/2': async (url: string, text: string) => {
      const session = connectHttp2(url);
      await new Promise((resolve) => session.once('remoteSettings', resolve));
      const stream = session.request({ ':method': 'POST', ':path': getRoom, ...json, 'x-long': text });
      stream.on('error', () => {});
      stream.end('{}');
      const status = await new Promise((resolve) => {
        stream.once('response', (headers) => resolve(headers[':status']));
        stream.once('close', () => resolve(undefined));
      });
      session.destroy();
      return status === 200;
    },
  })) {
    test(`headers larger than the limit are refused over ${version}`, async () => {
      await using fixture = await networkFixture({ server: { maxHeaderBytes: 4_096 } });

      assert.equal(await call(fixture.url, 'x'.repeat(1_000)), true);
      assert.equal(await call(fixture.url, 'x'.repeat(8_000)), false);
    });
  }

  test('a thousand calls that are given up do not cut the others on their connection', async () => {
    const release = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      // The patient one waits for all the others, which may take a busy machine longer than a call may by default.
      client: { timeoutMs: 0 },
      // Its own protection would not take on so many.
      server: { timeoutMs: 0, guard: false },
      handlers: {
        async getRoom(_ctx, { id }) {
          await release.promise;
          return { room: { id } };
        },
      },
    });
    const patient = fixture.client.getRoom(root, { id: 'patient' });

    for (let n = 0; n < 15; n++) {
      const ctx = root.withCancel();
      const given = Array.from({ length: 100 }, () => fixture.client.getRoom(ctx, {}).catch(() => {}));
      // Sent before they are given up: one call after them has been admitted.
      await fixture.client.closeRoom(root, {});
      ctx.cancel();
      await Promise.all(given);
    }
    release.resolve();

    assert.equal((await patient).room?.id, 'patient');
  });

  test('an idle HTTP/2 connection is closed, one that serves a call is not while its client answers', async () => {
    const release = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      // It is also how long the client has to answer a ping, on a machine that is busy.
      server: { keepAliveMs: 250 },
      handlers: {
        async getRoom() {
          await release.promise;
          return {};
        },
      },
    });
    const idle = connectHttp2(fixture.url);
    const busy = connectHttp2(fixture.url);
    const stream = busy.request({ ':method': 'POST', ':path': getRoom, ...json });
    const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
    stream.end('{}');

    await new Promise((resolve) => idle.once('close', resolve));
    // The server's pings while it waits for the handler.
    for (let pings = 0; pings < 3; pings++) await new Promise((resolve) => busy.once('ping', resolve));
    release.resolve();

    assert.equal(await status, 200);
    busy.destroy();
  });

  test('an HTTP/2 connection whose client answers no pings is cut, and its calls are cancelled', async () => {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      // Long enough for the call to begin, on a machine that is busy.
      server: { keepAliveMs: 250 },
      handlers: {
        getRoom(ctx) {
          started.resolve();
          ctx.onDone(ended.resolve);
          return new Promise(() => {});
        },
      },
    });
    // A network that carries nothing more once the call has begun, and tells nobody.
    await using network = await tcpServer((socket) => {
      const upstream = connect(Number(new URL(fixture.url).port), '127.0.0.1');
      socket.pipe(upstream).pipe(socket);
      upstream.on('error', () => {});
      upstream.once('close', () => socket.destroy());
      started.promise.then(() => socket.unpipe(upstream).pause());
    });
    const session = connectHttp2(network.url);
    session.on('error', () => {});
    const stream = session.request({ ':method': 'POST', ':path': getRoom, ...json });
    stream.on('error', () => {});
    stream.end('{}');

    await ended.promise;
    session.destroy();
  });

  test('a request that stalls ends with its deadline', async () => {
    const clock = virtualClock();
    await using fixture = await networkFixture({ ctx: rootContext(clock), server: { timeoutMs: 1_000 } });
    const session = connectHttp2(fixture.url);
    const stream = session.request({ ':method': 'POST', ':path': getRoom, ...json });
    const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
    stream.write('{"id":');

    // The head is on its way: time passes until the call it opens has run out of it.
    let answered = false;
    status.then(() => {
      answered = true;
    });
    while (!answered) await clock.advance(1);

    assert.equal(await status, 504);
    session.destroy();
  });

  test('options out of range are refused at once', () => {
    const make = (options: Partial<RpcServerOptions>) => () =>
      createRpcServer({ listener: tcpListener({ port: 0 }), services: [], name: 'room', ...options });
    const service = implement(RoomService, roomHandlers);

    assert.throws(make({ timeoutMs: -1 }), /timeoutMs is -1; it must be a number of milliseconds, 0 for none/);
    assert.throws(make({ maxMessageBytes: 0 }), /maxMessageBytes is 0; it must be a whole number from 1/);
    assert.throws(make({ maxConnections: 1.5 }), /maxConnections is 1.5/);
    assert.throws(make({ services: [service, service] }), /flotilla.test.v1.RoomService is implemented twice/);
    assert.throws(
      () => implement(RoomService, { ...roomHandlers, getRoom: undefined as never }),
      /GetRoom has no handler/,
    );
    assert.throws(() => implement(RoomService, roomHandlers, { timeoutMs: Number.NaN }), /timeoutMs is NaN/);
  });
});

describe('a drain', inTime, () => {
  test('loses no call under load: clients go to the other node', async () => {
    // Without protection of their own and without a time limit: a busy machine is not the subject.
    await using staying = await networkFixture({ server: { guard: false } });
    await using leaving = await networkFixture({ server: { guard: false } });
    const resolver = staticResolver({ room: [staying.url, leaving.url] });
    using client = createRpcClient(RoomService, { target: 'room', resolver, timeoutMs: 0, connectTimeoutMs: 60_000 });
    let answered = 0;
    const failures: unknown[] = [];
    const half = Promise.withResolvers<void>();
    const caller = async () => {
      for (let n = 0; n < 100; n++) {
        await client.getRoom(root, { id: String(n) }).catch((error) => failures.push(error));
        if (++answered === 800) half.resolve();
      }
    };

    const callers = Promise.all(Array.from({ length: 16 }, caller));
    await half.promise;
    await leaving.stop(root);
    await callers;

    assert.deepEqual(failures, []);
    assert.equal(answered, 1_600);
  });

  test('closes idle HTTP/1.1 and HTTP/2 connections and frees the port', async () => {
    await using fixture = await networkFixture();
    await fixture.client.getRoom(root, {});
    const idle = connect(Number(new URL(fixture.url).port), '127.0.0.1');
    await fetch(fixture.url + getRoom, { method: 'POST', headers: json, body: '{}' });

    await fixture.stop(root);

    await new Promise((resolve) => (idle.closed ? resolve(undefined) : idle.once('close', resolve).resume()));
    await assert.rejects(fetch(fixture.url));
  });

  test('stop may be called twice, and before start', async () => {
    const server = createRpcServer({ listener: tcpListener({ port: 0 }), services: [], name: 'room' });
    await server.stop(root);
    await server.stop(root);

    await using fixture = await networkFixture();
    await Promise.all([fixture.stop(root), fixture.stop(root)]);
  });

  test('a second stop with less patience cuts what the first waits for', async () => {
    const started = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      handlers: {
        getRoom() {
          started.resolve();
          return new Promise(() => {});
        },
      },
    });
    const answer = assert.rejects(fixture.client.getRoom(root, {}), { code: 'unavailable' });
    await started.promise;

    const patient = fixture.stop(root);
    await fixture.stop(root.withTimeout(1));

    await Promise.all([patient, answer]);
  });

  test('the end of the Context that the server was started with cuts everything', async () => {
    const started = Promise.withResolvers<void>();
    const ctx = root.withCancel();
    await using fixture = await networkFixture({
      ctx,
      handlers: {
        closeRoom() {
          started.resolve();
          return new Promise(() => {});
        },
      },
    });
    const answer = assert.rejects(fixture.client.closeRoom(root, {}), { code: 'unavailable' });
    await started.promise;

    ctx.cancel();

    await answer;
  });
});
