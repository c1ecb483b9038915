import assert from 'node:assert/strict';
import { createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { staticResolver } from '../discovery/index.ts';
import type { StatusError } from '../errors/index.ts';
import { createRpcClient } from './client.ts';
import { inTime, root, texts, textsOf } from './testdata/calls.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

/** A server that knows nothing of this package. What it is good for otherwise: test/conformance/rpc. */
async function foreignServer() {
  const sockets = new Set<Socket>();
  const seen: Headers[] = [];
  const ended = Promise.withResolvers<void>();
  const server = createServer(
    connectNodeAdapter({
      routes: (router) =>
        router.service(RoomService, {
          getRoom({ id }, context) {
            seen.push(context.requestHeader);
            if (id === 'plain') throw new ConnectError('gone', Code.NotFound);
            return { room: { id } };
          },
          async *watchRoom(_request, { signal }) {
            signal.addEventListener('abort', () => ended.resolve());
            yield { number: 1 };
            await ended.promise;
          },
          async *chat(requests) {
            for await (const { text } of requests) yield { text: text.toUpperCase() };
          },
        }),
    }),
  );
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

for (const protocol of ['connect', 'grpc', 'grpc-web'] as const) {
  describe(`our client over ${protocol} and a foreign server`, inTime, () => {
    test('agree on errors without ErrorInfo', async () => {
      await using server = await foreignServer();
      using client = createRpcClient(RoomService, {
        target: 'room',
        resolver: staticResolver({ room: [server.url] }),
        protocol,
      });

      await assert.rejects(client.getRoom(root, { id: 'plain' }), {
        code: 'not_found',
        reason: 'NOT_FOUND',
        message: 'gone',
      });
      await assert.rejects(client.closeRoom(root, {}), (error: StatusError) => error.code === 'unimplemented');
    });

    test('compress from the size on that was said, both ways', async () => {
      await using server = await foreignServer();
      const resolver = staticResolver({ room: [server.url] });
      const long = 'x'.repeat(5_000);
      using plain = createRpcClient(RoomService, { target: 'room', resolver, protocol });
      using client = createRpcClient(RoomService, { target: 'room', resolver, protocol, compressMinBytes: 1_000 });

      await plain.getRoom(root, { id: long });
      assert.equal((await client.getRoom(root, { id: long })).room?.id, long);
      const [text] = await textsOf(client.chat(root, texts(long)));

      const isUnaryConnect = protocol === 'connect';
      const accepted = server.seen.map((header) =>
        header.get(isUnaryConnect ? 'accept-encoding' : 'grpc-accept-encoding'),
      );
      const sent = server.seen.map((header) => header.get(isUnaryConnect ? 'content-encoding' : 'grpc-encoding'));
      assert.deepEqual(accepted, [null, 'gzip']);
      assert.deepEqual(sent, [null, 'gzip']);
      assert.equal(text, long.toUpperCase());
    });

    test('end a stream whose loop is left', async () => {
      await using server = await foreignServer();
      using client = createRpcClient(RoomService, {
        target: 'room',
        resolver: staticResolver({ room: [server.url] }),
        protocol,
      });

      for await (const _ of client.watchRoom(root, {})) break;

      await server.ended;
    });
  });
}
