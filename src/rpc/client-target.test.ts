import assert from 'node:assert/strict';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { background } from '../concurrency/index.ts';
import { roundRobin, staticResolver } from '../discovery/index.ts';
import { failOnLeaks } from '../testing/index.ts';
import { createRpcClient } from './client.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

failOnLeaks();

const targets: readonly (readonly [string, (port: string) => string])[] = [
  ['addresses', (port) => `static:///127.0.0.1:${port}`],
  ['URLs', (port) => `static:///http://127.0.0.1:${port}`],
  ['hosts by DNS', (port) => `dns:///localhost:${port}`],
];
for (const [what, target] of targets) {
  test(`a client calls ${what} without a resolver`, async () => {
    await using fixture = await networkFixture();
    using client = createRpcClient(RoomService, { target: target(new URL(fixture.url).port), balancer: roundRobin() });

    const { room } = await client.getRoom(background(), { id: '7' });

    assert.equal(room?.id, '7');
  });
}

test('a client asks for the name that it was given, and of addresses for these', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    asked.push(headers[':authority']);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };

  for (const target of [`dns:///localhost:${port}`, `static:///127.0.0.1:${port}`]) {
    using client = createRpcClient(RoomService, { target });
    await assert.rejects(client.getRoom(background(), {}), { code: 'not_found' });
  }

  assert.deepEqual(asked, [`localhost:${port}`, `127.0.0.1:${port}`]);
  await new Promise((resolve) => server.close(resolve));
});

test('a client speaks mux to addresses where it is told to', async () => {
  await using fixture = await networkFixture();
  const target = `static:///127.0.0.1:${new URL(fixture.url).port}`;
  using client = createRpcClient(RoomService, { target, protocol: 'mux' });

  const { room } = await client.getRoom(background(), { id: '7' });

  assert.equal(room?.id, '7');
});

test('a client calls a service by its full target', async () => {
  await using fixture = await networkFixture();
  const resolver = staticResolver({ room: [fixture.url] });
  using client = createRpcClient(RoomService, { target: 'discovery:///room', resolver });

  await client.getRoom(background(), {});
});

test('a client says which targets there are', () => {
  const where = 'createRpcClient flotilla.test.v1.RoomService: target ';

  assert.throws(
    () => createRpcClient(RoomService, { target: 'room' }),
    new RegExp(`${where}"room": it takes a resolver`),
  );
  assert.throws(() => createRpcClient(RoomService, { target: 'room:80' }), /did you mean static:\/\/\/room:80/);
});
