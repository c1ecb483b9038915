import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { background, rootContext } from '../../../concurrency/index.ts';
import { failOnLeaks, virtualClock } from '../../../testing/index.ts';
import { client } from './client.ts';
import { failure } from './failure.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();

test('calls one after the other share one connection', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1')));
  await using api = client({ baseUrl: server.url });

  for (let n = 0; n < 5; n++) assert.equal(await api.getJson(ctx, `/${n}`), 1);

  assert.deepEqual(server.requests, ['0 GET /0', '0 GET /1', '0 GET /2', '0 GET /3', '0 GET /4']);
});

test('calls at the same time have connections of their own, up to the bound; the others wait in line', async () => {
  await using server = await RawServer.start(() => {});
  await using api = client({ baseUrl: server.url, maxConnectionsPerOrigin: 2 });
  const calls = [1, 2, 3, 4].map((n) => api.getJson(ctx, `/${n}`));
  await server.until(() => server.requests.length === 2);
  assert.equal(server.sockets.length, 2);

  for (let n = 0; n < 4; n++) {
    await server.until(() => server.requests.length > n);
    const [number] = server.requests[n]!.split(' ');
    server.sockets[Number(number)]!.write(ok(String(n)));
  }

  assert.deepEqual((await Promise.all(calls)).toSorted(), [0, 1, 2, 3]);
  assert.equal(server.sockets.length, 2);
  assert.deepEqual(
    server.requests.slice(2).map((request) => request.slice(2)),
    ['GET /3', 'GET /4'],
  );
});

test('a call for which the line is too long fails at once', async () => {
  await using server = await RawServer.start(() => {});
  await using api = client({ baseUrl: server.url, maxConnectionsPerOrigin: 1, maxQueuedPerOrigin: 1 });
  const calls = [1, 2].map((n) => failure(api.request(ctx, { url: `/${n}` })));

  const error = await failure(api.request(ctx, { url: '/3' }));

  assert.deepEqual([error.code, error.reason], ['resource_exhausted', 'CONNECTION_QUEUE_FULL']);
  await api[Symbol.asyncDispose]();
  await Promise.all(calls);
});

test('a call that is canceled in line leaves it, and one that is canceled on its connection makes room', async () => {
  await using server = await RawServer.start(() => {});
  await using api = client({ baseUrl: server.url, maxConnectionsPerOrigin: 1 });
  using first = ctx.withCancel();
  using second = ctx.withCancel();
  const running = failure(api.request(first, { url: '/1' }));
  const waiting = failure(api.request(second, { url: '/2' }));
  const last = api.getJson(ctx, '/3');
  await server.until(() => server.requests.length === 1);

  second.cancel();
  assert.equal((await waiting).code, 'canceled');
  first.cancel();
  assert.equal((await running).code, 'canceled');
  await server.until(() => server.requests.length === 2);
  server.sockets[1]!.write(ok('3'));

  assert.equal(await last, 3);
  assert.deepEqual(server.requests, ['0 GET /1', '1 GET /3']);
  await server.until(() => server.open === 1);
});

test('a connection whose server says that it closes is not used again', async () => {
  for (const closing of [
    'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n1',
    'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n1',
  ]) {
    await using server = await RawServer.start((socket) => socket.write(closing));
    await using api = client({ baseUrl: server.url });

    await api.getJson(ctx, '/1');
    await api.request(ctx, { method: 'POST', url: '/2' });

    assert.deepEqual(server.requests, ['0 GET /1', '1 POST /2']);
    await server.until(() => server.open === 0);
  }
});

test('keepAliveMs 0 asks the server to close, and uses no connection twice', async () => {
  const heads: string[] = [];
  await using server = await RawServer.start((socket, request) => {
    heads.push(request);
    socket.write(ok('1'));
  });
  await using api = client({ baseUrl: server.url, keepAliveMs: 0 });

  await api.getJson(ctx, '/1');
  await api.getJson(ctx, '/2');

  assert.deepEqual(server.requests, ['0 GET /1', '1 GET /2']);
  assert.match(heads[0]!, /\r\nconnection: close\r\n/);
});

test('an idle connection is closed after keepAliveMs', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1')));
  await using api = client({ baseUrl: server.url, keepAliveMs: 20 });

  await api.getJson(ctx, '/');

  await server.until(() => server.sockets.length === 1 && server.open === 0);
});

test('a connection that takes too long to come about is given up', async () => {
  const clock = virtualClock();
  // Takes connections and says nothing: the handshake of TLS never ends.
  await using server = await RawServer.start(() => {});
  await using api = client({ baseUrl: server.url.replace('http:', 'https:'), connectTimeoutMs: 300, guard: false });
  const call = failure(api.request(rootContext(clock), { url: '/' }));
  await server.until(() => server.sockets.length === 1);

  await clock.advance(300);

  const error = await call;
  assert.deepEqual([error.code, error.reason], ['unavailable', 'CONNECTION_FAILED']);
  assert.match(error.message, /not connected after 300 ms/);
  await server.until(() => server.open === 0);
  assert.equal(clock.pending, 0);
});

test('a further server takes the place of an idle one; with none idle the call fails', async () => {
  await using idle = await RawServer.start((socket) => socket.write(ok('1')));
  await using busy = await RawServer.start(() => {});
  await using other = await RawServer.start((socket) => socket.write(ok('2')));
  await using api = client({ maxOrigins: 1, guard: false });
  await api.getJson(ctx, idle.url);

  const running = failure(api.request(ctx, { url: busy.url }));
  await idle.until(() => idle.open === 0);
  await busy.until(() => busy.requests.length === 1);
  const error = await failure(api.request(ctx, { url: other.url }));

  assert.deepEqual([error.code, error.reason], ['resource_exhausted', 'TOO_MANY_ORIGINS']);
  busy.sockets[0]!.destroy();
  await running;
  assert.equal(await api.getJson(ctx, other.url), 2);
});

test('close takes no more calls, waits for those that run, and closes the connections', async () => {
  await using server = await RawServer.start(() => {});
  const api = client({ baseUrl: server.url });
  const call = api.getJson(ctx, '/1');
  await server.until(() => server.requests.length === 1);

  let isClosed = false;
  const closing = api.close(ctx).then(() => {
    isClosed = true;
  });
  assert.equal((await failure(api.request(ctx, { url: '/2' }))).reason, 'CLIENT_CLOSED');
  assert.equal(isClosed, false);
  server.sockets[0]!.write(ok('1'));

  assert.equal(await call, 1);
  await closing;
  await server.until(() => server.open === 0);
  await api.close(ctx);
});

test('close cuts what runs, waits and connects when its Context ends', async () => {
  await using server = await RawServer.start(() => {});
  const api = client({ baseUrl: server.url, maxConnectionsPerOrigin: 1 });
  const tls = client({ baseUrl: server.url.replace('http:', 'https:') });
  const calls = [api, api, tls].map((each) => failure(each.request(ctx, { url: '/' })));
  await server.until(() => server.requests.length === 1 && server.sockets.length === 2);
  using limit = ctx.withCancel();
  limit.cancel();

  await Promise.all([api.close(limit), tls.close(limit)]);

  assert.deepEqual(
    (await Promise.all(calls)).map((error) => error.reason),
    ['CONNECTION_FAILED', 'CLIENT_CLOSED', 'CONNECTION_FAILED'],
  );
  await server.until(() => server.open === 0);
});

test('all connections go to the Unix socket that it is given', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-'));
  const path = join(folder, 'http');
  try {
    await using server = await RawServer.start(
      (socket, request) => {
        socket.write(ok(JSON.stringify(/host: (\S+)/.exec(request)?.[1])));
      },
      { path },
    );
    await using api = client({ baseUrl: 'http://room.test', socketPath: path });

    assert.equal(await api.getJson(ctx, '/'), 'room.test');
    assert.equal(server.sockets.length, 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a program ends while its client keeps idle connections', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1')));
  const program = `
    const { background } = await import(${JSON.stringify(new URL('../../../concurrency/index.ts', import.meta.url).href)});
    const { client } = await import(${JSON.stringify(new URL('./client.ts', import.meta.url).href)});
    const api = client({ baseUrl: ${JSON.stringify(server.url)}, keepAliveMs: 1e9 });
    await Promise.all([1, 2, 3].map(() => api.getJson(background(), '/')));
    console.log('called');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });

  const [status] = await once(child, 'exit');

  assert.deepEqual([status, printed], [0, 'called\n']);
});

test('many calls leave no listener behind on a Context that goes on', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1')));
  await using api = client({ baseUrl: server.url, timeoutMs: 0 });
  using outer = ctx.withCancel();
  let listeners = 0;
  const counted = new Proxy(outer, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name !== 'onDone') return typeof value === 'function' ? value.bind(target) : value;
      return (fn: () => void) => {
        const stop = target.onDone(fn);
        listeners++;
        let isStopped = false;
        return () => {
          if (!isStopped) listeners--;
          isStopped = true;
          return stop();
        };
      };
    },
  });

  for (let n = 0; n < 50; n++) await api.getJson(counted, '/');
  await Promise.all(Array.from({ length: 20 }, () => api.getJson(counted, '/')));

  assert.equal(listeners, 0);
});

test('who cannot be reached is named, for each of its addresses', async () => {
  const door = createServer();
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const { port } = door.address() as { port: number };
  door.close();
  await using api = client();

  const byAddress = await failure(api.request(ctx, { url: `http://127.0.0.1:${port}/a?secret=1` }));
  const byName = await failure(api.request(ctx, { url: `http://localhost:${port}/b` }));
  const unknown = await failure(api.request(ctx, { url: 'http://nobody.invalid/c' }));

  assert.match(byAddress.message, new RegExp(`^GET http://127\\.0\\.0\\.1:${port}/a: .*ECONNREFUSED`));
  assert.match(byName.message, /ECONNREFUSED/);
  assert.match(unknown.message, /^GET http:\/\/nobody\.invalid\/c: .*nobody\.invalid/);
  for (const error of [byAddress, byName, unknown]) assert.equal(error.reason, 'CONNECTION_FAILED');
});
