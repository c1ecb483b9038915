import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withRouteKey } from '../call/index.ts';
import { background, type Context, Latch, rootContext } from '../concurrency/index.ts';
import {
  createResolver,
  hashed,
  type Instance,
  leastInFlight,
  type MakeBalancer,
  memoryRegistry,
  roundRobin,
  weighted,
  zoneAware,
} from '../discovery/index.ts';
import { failOnLeaks, virtualClock } from '../testing/index.ts';
import { createRpcClient } from './client.ts';
import { type Fixture, networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

failOnLeaks();

const ctx = background();

interface FleetOptions {
  readonly instance?: (index: number) => Partial<Instance>;
  /** Where the resolver lives. */
  readonly at?: Context;
  /** What a server does before it answers. */
  readonly handle?: (calling: Context, server: number, id: string) => Promise<void>;
}

/** Real servers in a registry, and a client that balances over them; counts what each server gets. */
async function servers(count: number, balancer: MakeBalancer, options: FleetOptions = {}) {
  const { instance = () => ({}), at = ctx, handle = async () => {} } = options;
  const registry = memoryRegistry();
  const served: number[] = [];
  const fixtures: (Fixture & { readonly url: string })[] = [];
  const registrations: { close(ctx: Context): Promise<void> }[] = [];
  // A machine with other things to do makes a server look slow: nobody is ejected for it, and no call refused.
  const resolver = createResolver(registry, { balancer, ctx: at, outlier: { maxEjectedShare: 0 } });
  const client = createRpcClient(RoomService, { target: 'room', resolver, timeoutMs: 0, connectTimeoutMs: 60_000 });
  const start = async () => {
    const index = fixtures.length;
    served.push(0);
    const getRoom = async (calling: Context, { id }: { readonly id: string }) => {
      served[index]!++;
      await handle(calling, index, id);
      return { room: { id: String(index) } };
    };
    const fixture = await networkFixture({ server: { guard: false }, handlers: { getRoom } });
    fixtures.push(fixture);
    const known = { id: `room-${index}`, service: 'room', version: '1', lane: '', weight: 1, metadata: {} };
    const endpoints = { rpc: fixture.url };
    registrations.push(await registry.register(ctx, { ...known, endpoints, ...instance(index) }));
  };
  for (let n = 0; n < count; n++) await start();
  return {
    client,
    served,
    fixtures,
    registrations,
    start,
    /** One after the other, by server. */
    async call(calls: number, calling: (call: number) => Context = () => ctx): Promise<number[]> {
      const before = [...served];
      for (let call = 0; call < calls; call++) await client.getRoom(calling(call), {});
      return served.map((after, index) => after - (before[index] ?? 0));
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await resolver.close();
      await registry.close();
      await Promise.all(fixtures.map((fixture) => fixture[Symbol.asyncDispose]()));
    },
  };
}

describe('real servers', () => {
  test('get one call after the other, by weight where that is wanted', async () => {
    await using equal = await servers(3, roundRobin());
    await using heavy = await servers(3, weighted(), { instance: (index) => ({ weight: index + 1 }) });

    assert.deepEqual(await equal.call(30), [10, 10, 10]);
    assert.deepEqual(await heavy.call(60), [10, 20, 30]);
  });

  // For p2c see outlier.test.ts: it goes by latency, which takes a clock of its own to be sure of.
  test('that stand still get next to nothing more, by least in flight', async () => {
    const arrivals = new Map<string, Latch>();
    const open = new Latch(1);
    const handle = async (calling: Context, server: number, id: string) => {
      if (server !== 1) return;
      arrivals.get(id)?.countDown();
      await open.wait(calling);
    };
    await using fleet = await servers(3, leastInFlight(), { handle });
    const calls: Promise<unknown>[] = [];
    let early = 0;

    for (let wave = 0; wave < 20; wave++) {
      const settled = Array.from({ length: 10 }, (_, index) => {
        const id = `${wave}-${index}`;
        const stuck = new Latch(1);
        arrivals.set(id, stuck);
        const call = fleet.client.getRoom(ctx, { id });
        calls.push(call);
        void call.then(() => stuck.countDown());
        return stuck.wait(ctx);
      });
      await Promise.all(settled);
      if (wave === 9) early = fleet.served[1]!;
    }
    const late = fleet.served[1]! - early;
    open.countDown();
    await Promise.all(calls);

    assert.ok(early > 0 && early < 33 && late <= 10, `${early}, then ${late} of 100`);
  });

  test('keep their keys, and give them to the others while they are away', async () => {
    await using fleet = await servers(5, hashed());
    const ownerOf = async (key: string) => (await fleet.client.getRoom(withRouteKey(ctx, key), {})).room?.id ?? '';
    const keys = Array.from({ length: 60 }, (_, index) => `room-${index}`);
    const before = new Map<string, string>();
    for (const key of keys) before.set(key, await ownerOf(key));

    await fleet.registrations[2]!.close(ctx);
    await fleet.fixtures[2]![Symbol.asyncDispose]();
    const during = new Map<string, string>();
    for (const key of keys) during.set(key, await ownerOf(key));

    const moved = keys.filter((key) => before.get(key) !== during.get(key));
    assert.ok(moved.length > 0 && moved.length < 25, `${moved.length} of 60`);
    for (const key of moved) assert.equal(before.get(key), '2');
    assert.deepEqual(await Promise.all(keys.slice(0, 1).map(ownerOf)), [during.get(keys[0]!)]);
  });

  test('of the own zone get the calls, and of another what is too much for it', async () => {
    const zones = ['a', 'b', 'b', 'b'];
    const instance = (index: number) => ({ metadata: { zone: zones[index]! } });
    await using inB = await servers(4, zoneAware({ zone: 'b', inner: roundRobin() }), { instance });
    await using inA = await servers(4, zoneAware({ zone: 'a', inner: roundRobin() }), { instance });

    assert.deepEqual(await inB.call(30), [0, 10, 10, 10]);
    const [own = 0, ...others] = await inA.call(200);
    // A quarter of the servers for half of the callers.
    assert.ok(own > 60 && own < 140, `${own} of 200`);
    assert.ok(Math.max(...others) - Math.min(...others) <= 1, `${others}`);
  });

  test('that are new get a small part of their share, which grows to all of it', async () => {
    const clock = virtualClock();
    await using fleet = await servers(3, roundRobin(), { at: rootContext(clock) });
    await fleet.call(30);
    await fleet.start();

    const parts: number[] = [];
    for (const ms of [0, 5_000, 5_000]) {
      await clock.advance(ms);
      parts.push((await fleet.call(400)).at(-1) ?? 0);
    }

    const [cold = 0, warmer = 0, warm = 0] = parts;
    assert.ok(cold > 0 && cold < 30 && warmer > 30 && warmer < 90 && warm === 100, `${parts}`);
  });
});
