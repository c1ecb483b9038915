import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { failOnLeaks } from '../../../testing/index.ts';
import { client } from './client.ts';
import type { HttpClientRequest } from './client-options.ts';
import { failure } from './failure.fixture.ts';
import { serveNode } from './node-server.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();

/** Answers the first request of each connection; what it does with the second is the test's to say. */
function secondTime(act: (socket: Socket) => void): Promise<RawServer> {
  const served = new WeakSet<Socket>();
  return RawServer.start((socket) => {
    if (served.has(socket)) return act(socket);
    served.add(socket);
    socket.write(ok('1'));
  });
}

async function* pieces() {
  yield 'a';
  yield 'b';
}

const cases: readonly { readonly name: string; readonly request: HttpClientRequest; readonly isRepeated: boolean }[] = [
  { name: 'a GET', request: { url: '/2' }, isRepeated: true },
  { name: 'a PUT with a body', request: { method: 'PUT', url: '/2', body: { a: 1 } }, isRepeated: true },
  { name: 'a DELETE', request: { method: 'DELETE', url: '/2' }, isRepeated: true },
  { name: 'a POST', request: { method: 'POST', url: '/2', body: { a: 1 } }, isRepeated: false },
  {
    name: 'a PUT with a body that is made while it is sent',
    request: { method: 'PUT', url: '/2', body: pieces() },
    isRepeated: false,
  },
];

for (const { name, request, isRepeated } of cases) {
  test(`${name} on a connection that the server closes instead of an answer is ${isRepeated ? 'sent again on a fresh one' : 'not sent again'}`, async () => {
    await using server = await secondTime((socket) => socket.destroy());
    await using api = client({ baseUrl: server.url });
    await api.getJson(ctx, '/1');

    const call = api.request(ctx, request);

    if (isRepeated) assert.equal((await call).json(), 1);
    else assert.equal((await failure(call)).reason, 'CONNECTION_FAILED');
    const { method = 'GET' } = request;
    assert.deepEqual(server.requests, ['0 GET /1', `0 ${method} /2`, ...(isRepeated ? [`1 ${method} /2`] : [])]);
  });
}

test('a fresh connection that is closed instead of an answer fails the call', async () => {
  await using server = await RawServer.start((socket) => socket.destroy());
  await using api = client({ baseUrl: server.url, guard: false });

  const error = await failure(api.request(ctx, { url: '/' }));

  assert.equal(error.reason, 'CONNECTION_FAILED');
  assert.equal(server.requests.length, 1);
});

test('a call is sent again once, not until it works', async () => {
  const first = new Set<Socket>();
  await using server = await RawServer.start((socket, request) => {
    if (request.includes('/1 ')) socket.write(ok('1'));
    else {
      first.add(socket);
      socket.destroy();
    }
  });
  await using api = client({ baseUrl: server.url, guard: false });
  await Promise.all([api.getJson(ctx, '/1'), api.getJson(ctx, '/1')]);

  await failure(api.request(ctx, { url: '/2' }));

  assert.equal(server.requests.filter((request) => request.endsWith('/2')).length, 2);
  assert.equal(first.size, 2);
});

test('a call is not sent again once a byte of the answer has come', async () => {
  await using server = await secondTime((socket) => socket.end('HTTP/1.1 200'));
  await using api = client({ baseUrl: server.url, guard: false });
  await api.getJson(ctx, '/1');

  await failure(api.request(ctx, { url: '/2' }));

  assert.deepEqual(server.requests, ['0 GET /1', '0 GET /2']);
});

test('a POST is not lost to a connection whose end has already come', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1')));
  await using api = client({ baseUrl: server.url });
  for (let n = 0; n < 20; n++) {
    await api.getJson(ctx, '/');
    server.sockets.at(-1)!.destroy();
    await server.until(() => server.open === 0);
    // The FIN is in our kernel; whether this process has read it is chance.
    assert.equal(await api.postJson(ctx, '/', {}), 1);
    server.sockets.at(-1)!.destroy();
  }
});

test('a body that is made while it is sent is whole where it went to a connection that had ended', async () => {
  await using server = await serveNode((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(JSON.stringify(body)));
  });
  await using api = client({ baseUrl: server.url });
  assert.equal(await api.getJson(ctx, '/'), '');

  // From here on the end is read before anything is sent: what we send goes out with the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  server.sockets[0]!.destroy();
  const answer = await api.request(ctx, { method: 'POST', url: '/', body: pieces() });

  assert.deepEqual([answer.json(), server.sockets.length], ['ab', 2]);
});
