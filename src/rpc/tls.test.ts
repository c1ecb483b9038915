import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { describe, test } from 'node:test';
import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { type PeerCertificate, peerOf } from '../call/index.ts';
import { createRouter, text } from '../net/http/index.ts';
import { type TlsServerOptions, tcpListener } from '../net/tcp/index.ts';
import { authority, noOpenssl } from '../net/tcp/testdata/certificates.ts';
import type { RpcClientOptions } from './client.ts';
import type { ClientProtocol } from './remote-call.ts';
import { root } from './testdata/calls.ts';
import { type FixtureOptions, networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

const protocols: readonly ClientProtocol[] = ['mux', 'connect', 'grpc', 'grpc-web'];

describe('a server on a listener with TLS', { timeout: 60_000, skip: noOpenssl }, () => {
  const ca = noOpenssl === false ? authority() : undefined!;
  const transports: Record<string, (baseUrl: string) => Transport> = {
    'gRPC over HTTP/2': (baseUrl) => createGrpcTransport({ baseUrl, nodeOptions: { ca: ca.cert } }),
    'Connect over HTTP/2': (baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: '2', nodeOptions: { ca: ca.cert } }),
    'Connect over HTTP/1.1': (baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: '1.1', nodeOptions: { ca: ca.cert } }),
  };

  for (const [name, open] of Object.entries(transports)) {
    test(`answers ${name}`, async () => {
      const tls = { ...ca.issue('localhost', ['localhost', 'IP:127.0.0.1']), alpnProtocols: ['h2', 'http/1.1'] };
      await using fixture = await networkFixture({ server: { listener: tcpListener({ port: 0, tls }) } });
      assert.match(fixture.url, /^https:/);
      const client = createClient(RoomService, open(fixture.url));

      const { room } = await client.getRoom({ id: '7' });

      assert.equal(room?.id, '7');
    });
  }
});

describe('our client and a node with TLS', { timeout: 60_000, skip: noOpenssl }, () => {
  const ca = noOpenssl === false ? authority() : undefined!;
  const stranger = noOpenssl === false ? authority('Another CA') : undefined!;
  const node = noOpenssl === false ? ca.issue('node', ['IP:127.0.0.1', 'room.test']) : undefined!;
  const caller = noOpenssl === false ? ca.issue('gift', ['URI:spiffe://test/gift']) : undefined!;

  const start = (
    server: Partial<TlsServerOptions>,
    tls: RpcClientOptions['tls'],
    { server: own, client, ...rest }: FixtureOptions = {},
  ) =>
    networkFixture({
      ...rest,
      server: { listener: tcpListener({ port: 0, tls: { ...node, ...server } }), ...own },
      client: { guard: false, ...(tls && { tls }), ...client },
    });

  for (const protocol of protocols) {
    test(`speak ${protocol}, with and without ALPN`, async () => {
      for (const alpnProtocols of [undefined, ['h2', 'http/1.1']]) {
        const options = { client: { protocol } };
        await using fixture = await start({ ...(alpnProtocols && { alpnProtocols }) }, { ca: ca.cert }, options);

        const { room } = await fixture.client.getRoom(root, { id: '7' });

        assert.equal(room?.id, '7');
      }
    });
  }

  test('agree on another name than the address says', async () => {
    const named = ca.issue('other', ['room.test']);
    await using fixture = await start(named, { ca: ca.cert, serverName: 'room.test' });
    await using wrong = await start(named, { ca: ca.cert });
    await using byAddress = await start({}, { ca: ca.cert, serverName: '127.0.0.2' });

    assert.equal((await fixture.client.getRoom(root, { id: '7' })).room?.id, '7');
    for (const { client } of [wrong, byAddress])
      await assert.rejects(client.getRoom(root, { id: '7' }), { reason: 'CONNECT_FAILED' });
  });

  test('do not come together when the client does not know the authority', async () => {
    for (const tls of [undefined, { ca: stranger.cert }]) {
      await using fixture = await start({}, tls);

      await assert.rejects(fixture.client.getRoom(root, { id: '7' }), {
        code: 'unavailable',
        reason: 'CONNECT_FAILED',
        message: /certificate/,
      });
    }
  });

  test('do not come together when the server does not know the client', async () => {
    const required = { clientCertificate: 'required', ca: ca.cert } as const;
    for (const certificate of [{}, stranger.issue('gift')]) {
      await using fixture = await start(
        required,
        { ca: ca.cert, ...certificate },
        {
          handlers: { getRoom: () => assert.fail('called') },
        },
      );

      await assert.rejects(fixture.client.getRoom(root, { id: '7' }), {
        code: 'unavailable',
        message: /certificate|closed/,
        reason: 'CONNECT_FAILED',
      });
    }
  });

  test('a client with TLS options does not call a node without TLS', async () => {
    await using fixture = await networkFixture({
      handlers: { getRoom: () => assert.fail('called') },
      client: { tls: { ca: ca.cert }, guard: false },
    });

    await assert.rejects(fixture.client.getRoom(root, { id: '7' }), { code: 'unavailable', reason: 'NO_ENDPOINT' });
  });

  for (const [name, call] of Object.entries({
    ...Object.fromEntries(protocols.map((protocol) => [`our client over ${protocol}`, { protocol }])),
    'a foreign client over HTTP/1.1': { httpVersion: '1.1' as const },
  } as Record<string, { protocol?: ClientProtocol; httpVersion?: '1.1' }>)) {
    test(`admission and handlers see the certificate of ${name}`, async () => {
      const seen: (PeerCertificate | undefined)[] = [];
      const { protocol = 'connect', httpVersion } = call;
      await using fixture = await start(
        { clientCertificate: 'required', ca: ca.cert },
        { ca: ca.cert, ...caller },
        {
          client: { protocol },
          server: {
            admit(head) {
              seen.push(head.peer);
              return { admitted: true, done() {} };
            },
          },
          handlers: {
            async getRoom(ctx) {
              seen.push(peerOf(ctx));
              return {};
            },
          },
        },
      );
      const nodeOptions = { ca: ca.cert, ...caller };

      if (httpVersion === undefined) await fixture.client.getRoom(root, {});
      else
        await createClient(
          RoomService,
          createConnectTransport({ baseUrl: fixture.url, httpVersion, nodeOptions }),
        ).getRoom({});

      assert.equal(seen.length, 2);
      for (const peer of seen)
        assert.partialDeepStrictEqual(peer, {
          commonName: 'gift',
          alternativeNames: ['URI:spiffe://test/gift'],
          isVerified: true,
        });
    });
  }

  test('plain routes see it, too', async () => {
    const http = createRouter();
    http.get('/who', (ctx) => text(peerOf(ctx)?.commonName ?? ''));
    await using fixture = await start(
      { clientCertificate: 'required', ca: ca.cert },
      { ca: ca.cert, ...caller },
      { server: { http } },
    );

    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${fixture.url}/who`, { ca: ca.cert, ...caller, agent: false }, resolve).once('error', reject);
    });

    assert.equal(String(await Array.fromAsync(answer)), 'gift');
  });

  test('a caller without a certificate has none', async () => {
    await using fixture = await start(
      {},
      { ca: ca.cert },
      {
        handlers: {
          async getRoom(ctx) {
            return { room: { id: String(peerOf(ctx)) } };
          },
        },
      },
    );

    assert.equal((await fixture.client.getRoom(root, {})).room?.id, 'undefined');
  });
});
