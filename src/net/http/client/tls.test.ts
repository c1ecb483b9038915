import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { background } from '../../../concurrency/index.ts';
import { failOnLeaks } from '../../../testing/index.ts';
import { client } from './client.ts';
import { failure } from './failure.fixture.ts';

failOnLeaks();

const ctx = background();
const file = (name: string) => readFileSync(new URL(`testdata/${name}`, import.meta.url));
const ca = file('ca.pem');

/** Answers with what it knows of its client; its certificate is for room.test. */
async function serve() {
  const server = createServer(
    { key: file('server.key'), cert: file('server.pem'), ca, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const name = socket.getPeerCertificate().subject?.CN ?? '';
      response.end(
        JSON.stringify([socket.authorized, name, socket.servername, socket.isSessionReused(), socket.alpnProtocol]),
      );
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a server is believed by its certificate, and gets that of the client', async () => {
  await using server = await serve();
  const tls = { ca, serverName: 'room.test' };
  await using api = client({ baseUrl: server.url, tls });
  await using known = client({
    baseUrl: server.url,
    tls: { ...tls, cert: file('client.pem'), key: file('client.key') },
  });

  assert.deepEqual(await api.getJson(ctx, '/'), [false, '', 'room.test', false, 'http/1.1']);
  assert.deepEqual(await known.getJson(ctx, '/'), [true, 'client', 'room.test', false, 'http/1.1']);
});

test('a server that cannot prove its name gets no request', async () => {
  await using server = await serve();
  await using stranger = client({ baseUrl: server.url });
  await using misnamed = client({ baseUrl: server.url, tls: { ca } });

  const errors = [
    await failure(stranger.request(ctx, { url: '/' })),
    await failure(misnamed.request(ctx, { url: '/' })),
  ];

  for (const error of errors) assert.equal(error.reason, 'CONNECTION_FAILED');
  assert.match(errors[0]!.message, /certificate/);
  assert.match(errors[1]!.message, /altnames/);
});

test('a further connection resumes the session of TLS; a Host header does not change the name that is asked for', async () => {
  await using server = await serve();
  await using api = client({ baseUrl: server.url, keepAliveMs: 0, tls: { ca, serverName: 'room.test' } });

  const first = await api.getJson(ctx, '/');
  const second = await api.getJson(ctx, '/', { headers: { host: 'other.test' } });

  assert.deepEqual(
    [first, second],
    [
      [false, '', 'room.test', false, 'http/1.1'],
      [false, '', 'room.test', true, 'http/1.1'],
    ],
  );
});
