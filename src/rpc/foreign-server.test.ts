import assert from 'node:assert/strict';
import { createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { staticResolver } from '../discovery/index.ts';
import type { StatusError } from '../errors/index.ts';
import { createRpcClient } from './client.ts';
import { ErrorInfoSchema } from './gen/google/rpc/error_details_pb.ts';
import { inTime, root, texts, textsOf } from './testdata/calls.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

const info = { reason: 'ROOM_CLOSED', domain: 'live.room', metadata: { id: '7' } };

/** A server that knows nothing of this package. */
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
            if (id !== 'closed') return { room: { id, title: String(context.timeoutMs()) } };
            throw new ConnectError('room 7 is closed', Code.FailedPrecondition, undefined, [
              { desc: ErrorInfoSchema, value: info },
            ]);
          },
          async *watchRoom({ count }, { signal }) {
            signal.addEventListener('abort', () => ended.resolve());
            for (let number = 1; number <= count; number++) yield { number };
          },
          async uploadMessages(requests) {
            return { count: (await Array.fromAsync(requests)).length };
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
    test('speak all four kinds', async () => {
      await using server = await foreignServer();
      using client = createRpcClient(RoomService, {
        target: 'room',
        resolver: staticResolver({ room: [server.url] }),
        protocol,
      });

      assert.equal((await client.getRoom(root, { id: '7' })).room?.id, '7');
      assert.equal((await Array.fromAsync(client.watchRoom(root, { count: 3 }))).length, 3);
      assert.equal((await client.uploadMessages(root, texts('a', 'b'))).count, 2);
      const chat = await Array.fromAsync(client.chat(root, texts('a', 'b')));
      assert.deepEqual(
        chat.map(({ text }) => text),
        ['A', 'B'],
      );
    });

    test('agree on errors, with and without ErrorInfo', async () => {
      await using server = await foreignServer();
      using client = createRpcClient(RoomService, {
        target: 'room',
        resolver: staticResolver({ room: [server.url] }),
        protocol,
      });

      await assert.rejects(client.getRoom(root, { id: 'closed' }), {
        code: 'failed_precondition',
        message: 'room 7 is closed',
        ...info,
      });
      await assert.rejects(client.getRoom(root, { id: 'plain' }), {
        code: 'not_found',
        reason: 'NOT_FOUND',
        message: 'gone',
      });
      await assert.rejects(client.closeRoom(root, {}), (error: StatusError) => error.code === 'unimplemented');
    });

    test('agree on the deadline', async () => {
      await using server = await foreignServer();
      using client = createRpcClient(RoomService, {
        target: 'room',
        resolver: staticResolver({ room: [server.url] }),
        protocol,
      });

      const { room } = await client.getRoom(root.withTimeout(3_000), { id: '7' });

      assert.ok(Number(room?.title) > 0 && Number(room?.title) <= 3_000);
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

    test('end a stream that is left', async () => {
      await using server = await foreignServer();
      using client = createRpcClient(RoomService, {
        target: 'room',
        resolver: staticResolver({ room: [server.url] }),
        protocol,
      });

      for await (const _ of client.watchRoom(root, { count: 1_000_000 })) break;

      await server.ended;
    });
  });
}
