import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { createResolver, memoryRegistry } from '../discovery/index.ts';
import { instanceOf } from '../discovery/registry.contract.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { createRpcClient } from './client.ts';
import { implement } from './implementation.ts';
import { createLocalNetwork, type LocalNetwork } from './local-network.ts';
import { createRpcServer } from './server.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { roomHandlers } from './testdata/room-handlers.ts';

const root = background();

/** A server that answers with its name. */
async function roomServer(name: string, local?: LocalNetwork) {
  const handlers = { ...roomHandlers, getRoom: async () => ({ room: { id: name } }) };
  const server = createRpcServer({
    name: 'room',
    listener: tcpListener({ port: 0 }),
    services: [implement(RoomService, handlers)],
    ...(local && { local }),
  });
  const [endpoint] = await server.start(root);
  return { server, url: endpoint!.url };
}

/** Two processes, each with one server: the caller's own, of `ownLane`, and one elsewhere. All are registered. */
async function twoServers(ownLane: string, otherLane: string) {
  const local = createLocalNetwork({ lane: ownLane });
  const registry = memoryRegistry();
  const own = await roomServer('own', local);
  const other = await roomServer('other');
  await registry.register(root, instanceOf('own', { lane: ownLane, endpoints: { rpc: own.url } }));
  const elsewhere = await registry.register(
    root,
    instanceOf('other', { lane: otherLane, endpoints: { rpc: other.url } }),
  );
  const resolver = createResolver(registry);
  const client = createRpcClient(RoomService, { target: 'room', resolver, local });
  return {
    ask: async (lane: string) => (await client.getRoom(withFields(root, { lane }), { id: '1' })).room?.id,
    /** Resolves when the resolver knows. */
    async stopOther() {
      await elsewhere.close(root);
      while ((await resolver.servingLane!(root, 'room', otherLane)) === otherLane && otherLane !== '')
        await new Promise((resolve) => setImmediate(resolve));
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await resolver.close();
      for (const { server } of [own, other]) await server.stop(root.withTimeout(0));
    },
  };
}

test('a server of the baseline in this process takes no call of a lane that is elsewhere', async () => {
  await using world = await twoServers('', 'blue');

  const answers = [await world.ask(''), await world.ask('blue'), await world.ask('red')];
  await world.stopOther();

  assert.deepEqual(answers, ['own', 'other', 'own']);
  assert.equal(await world.ask('blue'), 'own', 'its calls fall to the baseline');
});

test('a server of a lane in this process takes the calls of its lane only', async () => {
  await using world = await twoServers('blue', '');

  const answers = [await world.ask(''), await world.ask('blue'), await world.ask('red')];

  assert.deepEqual(answers, ['other', 'own', 'other']);
});
