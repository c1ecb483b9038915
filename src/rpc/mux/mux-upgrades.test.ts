import assert from 'node:assert/strict';
import { createServer } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { metadataOf } from '../../call/index.ts';
import { tcpListener } from '../../net/tcp/index.ts';
import { authority, noOpenssl } from '../../net/tcp/testdata/certificates.ts';
import { createRpcClient, type RpcClientOptions } from '../client.ts';
import { inTime, root } from '../testdata/calls.ts';
import { type FixtureOptions, networkFixture } from '../testdata/fixture.ts';
import { RoomService } from '../testdata/gen/flotilla/test/v1/room_pb.ts';
import { tcpServer } from '../testdata/tcp-server.ts';

/** A server whose answers say what their call came over. */
const telling = (options: FixtureOptions = {}) =>
  networkFixture({
    handlers: {
      getRoom: (ctx) => ({ room: { title: metadataOf(ctx).get('user-agent') === undefined ? 'mux' : 'HTTP/2' } }),
      async *watchRoom(ctx) {
        yield { text: metadataOf(ctx).get('user-agent') === undefined ? 'mux' : 'HTTP/2' };
      },
    },
    ...options,
    server: { guard: false, ...options.server },
  });

type Options = Partial<RpcClientOptions<typeof RoomService>>;

function clientOf(url: string, options: Options = {}) {
  // A busy machine may take long to connect, and a connection that took too long would not be tried again for a minute.
  const target = `static:///${new URL(url).host}`;
  return createRpcClient(RoomService, { target, guard: false, connectTimeoutMs: 60_000, ...options });
}

type TestClient = ReturnType<typeof clientOf>;

async function called(client: TestClient): Promise<string | undefined> {
  return (await client.getRoom(root, {})).room?.title;
}

/** Calls until one has come over mux; what the calls before it came over. */
async function calledUntilMux(client: TestClient): Promise<(string | undefined)[]> {
  const before: (string | undefined)[] = [];
  for (;;) {
    const over = await called(client);
    if (over === 'mux') return before;
    before.push(over);
  }
}

/** A server of gRPC and Connect that knows nothing of this package. */
async function foreignServer() {
  const sockets = new Set<Socket>();
  const routes = connectNodeAdapter({
    routes: (router) => router.service(RoomService, { getRoom: () => ({ room: { title: 'foreign' } }) }),
  });
  const server = createServer(routes);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes connections on to `to`, and notes how each began. Those of mux that `lets` refuses are closed. */
async function front(to: { url: string }, lets: () => boolean = () => true) {
  const begun: string[] = [];
  const open = new Set<Socket>();
  const server = await tcpServer((socket) => {
    open.add(socket);
    socket.once('data', (first: Buffer) => {
      const isMux = first[0] === 0;
      begun.push(isMux ? 'mux' : first.toString('latin1', 0, 3));
      if (isMux && !lets()) {
        socket.destroy();
        return;
      }
      const back = connect(Number(new URL(to.url).port), '127.0.0.1').on('error', () => {});
      socket.on('close', () => back.destroy());
      back.on('close', () => socket.destroy());
      back.write(first);
      socket.pipe(back).pipe(socket);
    });
  });
  return {
    url: server.url,
    begun,
    cut() {
      for (const socket of open) socket.destroy();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describe('a client of nodes that are known by their addresses', inTime, () => {
  test('begins with HTTP/2 and goes on with mux, in calls and streams', async () => {
    await using fixture = await telling();
    await using counted = await front(fixture);
    using client = clientOf(counted.url);

    const before = await calledUntilMux(client);
    const [first] = await Array.fromAsync(client.watchRoom(root, {}));

    assert.ok(before.length > 0);
    assert.deepEqual(new Set(before), new Set(['HTTP/2']));
    assert.equal(first?.text, 'mux');
    assert.deepEqual(counted.begun, ['PRI', 'mux']);
  });

  test('speaks nothing but HTTP/2 to a server that knows no mux, and none of its calls fails', async () => {
    await using foreign = await foreignServer();
    await using counted = await front(foreign);
    using client = clientOf(counted.url);

    const answers = [];
    for (let n = 0; n < 100; n++) answers.push(await called(client));

    assert.deepEqual(new Set(answers), new Set(['foreign']));
    assert.deepEqual(counted.begun, ['PRI']);
  });

  test('stays with HTTP/2 where mux does not get through, and does not try all the time', async () => {
    await using fixture = await telling();
    await using counted = await front(fixture, () => false);
    using client = clientOf(counted.url);

    const answers = [];
    for (let n = 0; n < 200; n++) answers.push(await called(client));

    assert.deepEqual(new Set(answers), new Set(['HTTP/2']));
    assert.deepEqual(counted.begun, ['PRI', 'mux']);
  });

  test('goes back to HTTP/2, without a failed call, when another server has taken the address', async () => {
    await using fixture = await telling();
    await using foreign = await foreignServer();
    const to = { url: fixture.url };
    await using counted = await front(to);
    using client = clientOf(counted.url);
    await calledUntilMux(client);

    to.url = foreign.url;
    counted.cut();
    await ended(client);
    const answers = [];
    for (let n = 0; n < 20; n++) answers.push(await called(client));

    assert.deepEqual(new Set(answers), new Set(['foreign']));
    // One more where the last word of the node before was heard late; it was beside the calls.
    assert.ok(counted.begun.filter((how) => how === 'mux').length <= 2);
  });

  test('goes back to mux when the node is there again', async () => {
    await using fixture = await telling();
    await using counted = await front(fixture);
    using client = clientOf(counted.url);
    await calledUntilMux(client);

    counted.cut();
    await ended(client);
    await calledUntilMux(client);

    assert.ok(counted.begun.filter((how) => how === 'mux').length >= 2);
  });

  test('does not ask for mux where it is told another protocol', async () => {
    await using fixture = await telling();
    await using counted = await front(fixture);

    for (const protocol of ['grpc', 'grpc-web', 'connect'] as const) {
      using client = clientOf(counted.url, { protocol });
      for (let n = 0; n < 20; n++) await called(client);
    }

    assert.deepEqual(counted.begun, ['PRI', 'PRI', 'PRI']);
  });

  test('does the same inside of TLS', { skip: noOpenssl }, async () => {
    const ca = authority();
    const tls = { ...ca.issue('localhost', ['localhost', 'IP:127.0.0.1']), alpnProtocols: ['h2', 'http/1.1'] };
    await using fixture = await telling({ server: { listener: tcpListener({ port: 0, tls }) } });
    using client = clientOf(fixture.url, { tls: { ca: ca.cert } });

    const before = await calledUntilMux(client);

    assert.deepEqual(new Set(before), new Set(['HTTP/2']));
  });
});

/** The client has heard that its connections are cut: until then a call may still meet one. */
async function ended(client: TestClient): Promise<void> {
  for (;;) {
    try {
      await called(client);
      return;
    } catch {
      // It met a connection that was cut.
    }
  }
}
