import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { background } from '../concurrency/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { authority, noOpenssl } from '../net/tcp/testdata/certificates.ts';
import { failOnLeaks } from '../testing/index.ts';
import { createRpcClient, type RpcClientOptions } from './client.ts';
import type { ClientProtocol } from './remote-call.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

failOnLeaks();

const protocols: readonly ClientProtocol[] = ['mux', 'grpc'];

/** What a call to that port says over both. */
async function failures(port: number | string, tls?: RpcClientOptions['tls']): Promise<string[]> {
  const messages: string[] = [];
  for (const protocol of protocols) {
    const options = { target: `static:///localhost:${port}`, protocol, guard: false, ...(tls && { tls }) } as const;
    using client = createRpcClient(RoomService, options);
    const error = await client.getRoom(background(), {}).catch((thrown: Error) => thrown);
    assert.ok(error instanceof Error);
    messages.push(error.message);
  }
  return messages;
}

/** A server of another kind, on a port of its own. */
async function stranger(onSocket: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('nobody on the port: the address is said once', async () => {
  const gone = await stranger(() => {});
  await gone[Symbol.asyncDispose]();

  for (const message of await failures(gone.port))
    assert.match(message, new RegExp(`^cannot connect to http://localhost:${gone.port}: connect ECONNREFUSED [^ ]+$`));
});

test('a server that closes at once may want TLS', async () => {
  await using closes = await stranger((socket) => socket.destroy());

  for (const message of await failures(closes.port))
    assert.match(message, /as a server does that wants TLS|ECONNRESET/);
});

test('a server of HTTP/1 only is told from one that is broken', async () => {
  await using old = await stranger((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));

  const [mux, grpc] = await failures(old.port);

  assert.match(mux ?? '', /it does not speak mux/);
  assert.match(grpc ?? '', /it does not speak HTTP\/2/);
});

test('a port without TLS', { skip: noOpenssl }, async () => {
  await using fixture = await networkFixture();

  const messages = await failures(new URL(fixture.url).port, { ca: authority().cert });

  for (const message of messages) assert.match(message, /^cannot connect to https:\S+: it does not speak TLS/);
});

test('a server that asks for a certificate says so over every protocol', { skip: noOpenssl }, async () => {
  const ca = authority();
  const tls = { ...ca.issue('localhost'), clientCertificate: 'required', ca: ca.cert } as const;
  await using fixture = await networkFixture({ server: { listener: tcpListener({ port: 0, tls }) } });

  const messages = await failures(new URL(fixture.url).port, { ca: ca.cert });

  for (const message of messages) assert.match(message, /asks for a certificate of the client/);
});
