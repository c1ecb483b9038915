import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { credentials, ServerCredentials, status } from '@grpc/grpc-js';
import { peerOf } from 'flotilla/call';
import { background } from 'flotilla/concurrency';
import { staticResolver } from 'flotilla/discovery';
import { tcpListener } from 'flotilla/net/tcp';
import { createRpcClient } from 'flotilla/rpc';
import { authority, noOpenssl } from '../../../src/net/tcp/testdata/certificates.ts';
import { RoomService } from '../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { grpcJsClientWith } from './clients/grpc-js.ts';
import { grpcJsServer } from './servers/grpc-js.ts';
import { ourServer } from './servers/ours.ts';

describe('mutual TLS with grpc-js', { timeout: 60_000, skip: noOpenssl }, () => {
  const ca = noOpenssl === false ? authority() : undefined!;
  const node = noOpenssl === false ? ca.issue('node', ['localhost', 'IP:127.0.0.1']) : undefined!;
  const gift = noOpenssl === false ? ca.issue('gift', ['URI:spiffe://test/gift']) : undefined!;
  const bytes = (pem: string) => Buffer.from(pem);

  test('its client proves who it is to our server, and one that cannot is refused', async () => {
    const tls = { ...node, clientCertificate: 'required', ca: ca.cert, alpnProtocols: ['h2', 'http/1.1'] } as const;
    const names: (readonly string[] | undefined)[] = [];
    await using server = await ourServer({
      listener: tcpListener({ port: 0, tls }),
      middleware: [
        (next) => (ctx, input) => {
          names.push(peerOf(ctx)?.alternativeNames);
          return next(ctx, input);
        },
      ],
    });
    // It takes no address for the name of a server.
    const url = server.url.replace('127.0.0.1', 'localhost');
    const known = credentials.createSsl(bytes(ca.cert), bytes(gift.key), bytes(gift.cert));
    await using caller = grpcJsClientWith(known)(url, {});
    await using stranger = grpcJsClientWith(credentials.createSsl(bytes(ca.cert)))(url, {});

    assert.equal((await caller.client(RoomService).getRoom({ id: '7' })).room?.id, '7');
    await assert.rejects(stranger.client(RoomService).getRoom({ id: '7' }), { code: status.UNAVAILABLE });

    assert.deepEqual(names, [['URI:spiffe://test/gift']]);
  });

  test('our client proves who it is to its server, and one that cannot is refused', async () => {
    const pair = { cert_chain: bytes(node.cert), private_key: bytes(node.key) };
    await using server = await grpcJsServer({}, ServerCredentials.createSsl(bytes(ca.cert), [pair], true));
    const resolver = staticResolver({ room: [server.url.replace('http:', 'https:')] });
    const options = { target: 'room', resolver, protocol: 'grpc', guard: false } as const;
    using caller = createRpcClient(RoomService, { ...options, tls: { ca: ca.cert, ...gift } });
    using stranger = createRpcClient(RoomService, { ...options, tls: { ca: ca.cert } });

    assert.equal((await caller.getRoom(background(), { id: '7' })).room?.id, '7');
    await assert.rejects(stranger.getRoom(background(), { id: '7' }), { code: 'unavailable' });
  });
});
