import assert from 'node:assert/strict';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { background, sleep } from '../concurrency/index.ts';
import {
  createResolver,
  memoryRegistry,
  type Registration,
  type Resolver,
  staticResolver,
  subset,
} from '../discovery/index.ts';
import { failOnLeaks, virtualClock } from '../testing/index.ts';
import { createRpcClient, type RpcClientOptions } from './client.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { WarmConnections, type WarmPool } from './warm-connections.ts';

failOnLeaks();

const ctx = background();

/** Before a server: counts the connections, and can cut them or refuse new ones. */
class Doorkeeper implements AsyncDisposable {
  readonly url: string;
  readonly open = new Set<Socket>();
  made = 0;
  isClosed = false;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async before(url: string): Promise<Doorkeeper> {
    const { hostname, port } = new URL(url);
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address() as { port: number };
    const door = new Doorkeeper(server, `http://127.0.0.1:${address.port}`);
    server.on('connection', (socket) => {
      door.made++;
      socket.on('error', () => {});
      if (door.isClosed) {
        socket.destroy();
        return;
      }
      const inner = dial(Number(port), hostname);
      inner.on('error', () => {});
      door.open.add(socket);
      socket.on('close', () => {
        door.open.delete(socket);
        inner.destroy();
      });
      inner.on('close', () => socket.destroy());
      socket.pipe(inner).pipe(socket);
    });
    return door;
  }

  cut(): void {
    for (const socket of this.open) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  using limit = ctx.withTimeout(20_000);
  while (!condition()) {
    await sleep(limit, 5).catch(() => assert.fail(`not within 20 s: ${what}`));
  }
}

const clientOf = (resolver: Resolver, options: Partial<RpcClientOptions<typeof RoomService>> = {}) =>
  createRpcClient(RoomService, { target: 'room', resolver, warmConnections: 1, ...options });

for (const protocol of ['mux', 'connect'] as const) {
  test(`a client has its connections before the first call, uses them, and keeps them: ${protocol}`, async () => {
    await using fixture = await networkFixture();
    await using door = await Doorkeeper.before(fixture.url);
    using client = clientOf(staticResolver({ room: [door.url] }), { protocol, warmConnections: 2, idleTimeoutMs: 20 });

    await until(() => door.open.size === 2, 'two connections');
    for (let n = 0; n < 3; n++) {
      await client.getRoom(ctx, {});
      await sleep(ctx, 60);
    }

    assert.equal(door.made, 2);
    assert.equal(door.open.size, 2);
  });

  test(`a client opens a connection anew that has ended, as soon as the node takes it: ${protocol}`, async () => {
    await using fixture = await networkFixture();
    await using door = await Doorkeeper.before(fixture.url);
    using _ = clientOf(staticResolver({ room: [door.url] }), { protocol });
    await until(() => door.open.size === 1, 'a connection');

    door.isClosed = true;
    door.cut();
    await until(() => door.made >= 3, 'tries');
    door.isClosed = false;

    await until(() => door.open.size === 1, 'a connection again');
  });
}

test('a node that takes connections and ends them soon is connected to with growing pauses, until one lasts', async () => {
  const clock = virtualClock();
  const url = 'http://127.0.0.1:1';
  let [made, open] = [0, 0];
  const pool: WarmPool = {
    connections: () => open,
    keep() {},
    open() {
      made++;
      open++;
      return { ready: Promise.resolve() };
    },
  };
  const resolver = staticResolver({ room: [url] });
  const warm = new WarmConnections({ resolver, target: 'room', count: 1, clock, poolOf: () => ({ pool, url }) });
  const end = () => {
    open = 0;
    warm.left(url);
  };
  await until(() => made === 1, 'the first');

  for (let second = 0; second < 600; second++) {
    if (open === 1) end();
    await clock.advance(1_000);
  }
  const soon = made;
  await clock.advance(60_000);
  end();
  await clock.advance(100);

  assert.ok(soon <= 50, `${soon} connections in ten minutes`);
  assert.equal(open, 1, 'after one that lasted there is another one at once');
  warm.close();
});

test('a client is connected to the nodes of its subset, and to those of the newest list only', async () => {
  await using fixture = await networkFixture();
  const doors: Doorkeeper[] = [];
  const registry = memoryRegistry();
  const registrations: Registration[] = [];
  for (let n = 0; n < 3; n++) {
    doors.push(await Doorkeeper.before(fixture.url));
    const instance = { service: 'room', version: '1', lane: '', weight: 1, metadata: {} };
    registrations.push(
      await registry.register(ctx, { ...instance, id: `room-${n}`, endpoints: { rpc: doors[n]!.url } }),
    );
  }
  const resolver = createResolver(registry, { balancer: subset({ size: 1, above: 1 }) });
  using client = clientOf(resolver, { idleTimeoutMs: 20 });
  const connected = () => doors.flatMap(({ open }, n) => (open.size > 0 ? [n] : []));

  await until(() => connected().length === 1, 'one of three');
  const [first = -1] = connected();
  await client.getRoom(ctx, {});
  await registrations[first]!.close(ctx);

  await until(() => connected().length === 1 && connected()[0] !== first, 'another one');
  client[Symbol.dispose]();
  await until(() => connected().length === 0, 'none');
  await resolver.close();
  await Promise.all(doors.map((door) => door[Symbol.asyncDispose]()));
});

test('warm connections are refused where they make no sense', () => {
  const resolver = staticResolver({});
  const { watchNodes: _, ...blind } = resolver;

  assert.throws(
    () => clientOf(resolver, { warmConnections: 5 }),
    /warmConnections is 5; .* from 0 to 4, maxConnections/,
  );
  assert.throws(() => clientOf(resolver, { warmConnections: 0.5 }), /warmConnections is 0.5/);
  assert.throws(() => clientOf(blind), { name: 'TypeError', message: /does not tell its nodes/ });
});
