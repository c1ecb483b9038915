import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { tcpListener } from '../net/tcp/index.ts';
import { authority, noOpenssl } from '../net/tcp/testdata/certificates.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

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
