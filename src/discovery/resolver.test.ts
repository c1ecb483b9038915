import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallHead, defaultFields, withRouteKey } from '../call/index.ts';
import { background, type Context, rootContext } from '../concurrency/index.ts';
import { is } from '../errors/index.ts';
import { virtualClock } from '../testing/index.ts';
import { hashed } from './balance/hashed.ts';
import { roundRobin } from './balance/in-turn.ts';
import type { MakeBalancer } from './balancer.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { memoryRegistry } from './memory-registry.ts';
import { first, instanceOf } from './registry.contract.ts';
import type { Registry } from './registry.ts';
import { createResolver } from './resolver.ts';
import { staticResolver } from './static-resolver.ts';

const head: CallHead = { service: 'room', method: 'Get', sizeBytes: 0, timeoutMs: undefined, fields: defaultFields };
const ctx = background();
const hasNone = (error: unknown) => is(error, DiscoveryErrors.NO_INSTANCES);

/** A registry that never answers. */
function silentRegistry(): Registry & { readonly watches: string[] } {
  const watches: string[] = [];
  return {
    watches,
    register: () => Promise.reject(new Error('not used')),
    async *watch(watching, service) {
      watches.push(service);
      await new Promise<void>((resolve) => watching.onDone(resolve));
    },
    async *watchAll() {},
    async close() {},
  };
}

describe('a resolver on a registry', () => {
  it('waits for the first list and follows the changes', async () => {
    const registry = memoryRegistry();
    await using resolver = disposable(createResolver(registry));
    const registration = await registry.register(ctx, instanceOf('room-1'));

    assert.equal((await resolver.resolve(ctx, 'room', head)).node.id, 'room-1');
    await registration.close(ctx);
    await registry.register(ctx, instanceOf('room-2'));
    await turn();
    assert.equal((await resolver.resolve(ctx, 'room', head)).node.id, 'room-2');
  });

  it('has one watch per target, however many ask', async () => {
    const registry = silentRegistry();
    await using resolver = disposable(createResolver(registry));
    using soon = ctx.withTimeout(1);

    await Promise.allSettled(['room', 'room', 'rank', 'room'].map((target) => resolver.resolve(soon, target, head)));

    assert.deepEqual(registry.watches, ['room', 'rank']);
  });

  it('says at once that there is none when the list is empty, naming the target and what to do', async () => {
    await using resolver = disposable(createResolver(memoryRegistry()));

    await assert.rejects(
      async () => resolver.resolve(ctx, 'room', head),
      (error) => {
        assert.ok(hasNone(error));
        assert.match(String(error), /no instance of "room": start one, or check that "room" is the name/);
        return true;
      },
    );
  });

  it('waits no longer for the first list than its Context', async () => {
    const clock = virtualClock();
    await using resolver = disposable(createResolver(silentRegistry(), { ctx: rootContext(clock) }));
    const waiting = resolver.resolve(rootContext(clock).withTimeout(100), 'room', head);
    const refused = assert.rejects(
      async () => waiting,
      (error) => hasNone(error) && is(error, 'unavailable'),
    );

    await clock.advance(100);

    await refused;
    assert.equal(clock.now(), 100);
  });

  it('waits no longer than its own limit where the Context has none', async () => {
    const clock = virtualClock();
    await using resolver = disposable(
      createResolver(silentRegistry(), { ctx: rootContext(clock), firstListTimeoutMs: 2_000 }),
    );
    const refused = assert.rejects(async () => resolver.resolve(rootContext(clock), 'room', head), hasNone);

    await clock.advance(2_000);

    await refused;
  });

  it('says why a list could not be taken', async () => {
    const clock = virtualClock();
    const registry = memoryRegistry();
    await registry.register(ctx, instanceOf('room-1'));
    const broken = () => ({
      pick: () => assert.fail('it has no list'),
      update() {
        throw new Error('the zone of room-1 is odd');
      },
    });
    await using resolver = disposable(createResolver(registry, { ctx: rootContext(clock), balancer: broken }));
    const refused = assert.rejects(
      async () => resolver.resolve(rootContext(clock), 'room', head),
      /zone of room-1 is odd/,
    );

    await clock.advance(5_000);

    await refused;
  });

  it('lets the baseline serve a lane while nobody can tell of others, unless lanes are strict', async () => {
    const clock = virtualClock();
    const here = rootContext(clock);
    const targets = { rank: { strictLanes: true } };
    await using resolver = disposable(createResolver(silentRegistry(), { ctx: here, targets }));
    const lane = resolver.servingLane?.(here, 'room', 'blue');
    const refused = assert.rejects(async () => resolver.servingLane?.(here, 'rank', 'blue'), hasNone);

    await clock.advance(500);
    assert.equal(await lane, '');
    await clock.advance(4_500);

    await refused;
  });

  it('tells a caller that gave up that it was canceled', async () => {
    await using resolver = disposable(createResolver(silentRegistry()));
    const calling = ctx.withCancel();
    const waiting = resolver.resolve(calling, 'room', head);

    calling.cancel();

    await assert.rejects(
      async () => waiting,
      (error) => is(error, 'canceled'),
    );
  });

  it('starts a watch again that failed against the contract', async () => {
    const clock = virtualClock();
    const good = memoryRegistry();
    await good.register(ctx, instanceOf('room-1'));
    let failures = 2;
    const registry: Registry = {
      ...silentRegistry(),
      watch: (watching, service) => {
        if (failures-- > 0) throw new Error('a bad implementation');
        return good.watch(watching, service);
      },
    };
    await using resolver = disposable(createResolver(registry, { ctx: rootContext(clock) }));
    const waiting = resolver.resolve(ctx, 'room', head);

    await clock.advance(2_000);

    assert.equal((await waiting).node.id, 'room-1');
  });

  it('gives a call an instance of its lane, tells which lane serves it, and refuses where lanes are strict', async () => {
    const registry = memoryRegistry();
    for (const service of ['room', 'rank']) {
      await registry.register(ctx, instanceOf(`${service}-1`, { service }));
      await registry.register(ctx, instanceOf(`${service}-2`, { service, lane: 'blue' }));
    }
    await using resolver = disposable(createResolver(registry, { targets: { rank: { strictLanes: true } } }));
    const nodeOf = async (target: string, lane: string) =>
      (await resolver.resolve(ctx, target, { ...head, fields: { ...defaultFields, lane } })).node.id;

    const nodes = await Promise.all(['', 'blue', 'red'].map((lane) => nodeOf('room', lane)));
    const lanes = await Promise.all(['', 'blue', 'red'].map((lane) => resolver.servingLane!(ctx, 'room', lane)));

    assert.deepEqual(nodes, ['room-1', 'room-2', 'room-1']);
    assert.deepEqual(lanes, ['', 'blue', '']);
    assert.equal(await nodeOf('rank', 'blue'), 'rank-2');
    assert.equal(await resolver.servingLane!(ctx, 'rank', 'red'), 'red');
    await assert.rejects(nodeOf('rank', 'red'), hasNone);
  });

  it('balances a target as its options say, and sends calls of one route to one instance', async () => {
    const registry = memoryRegistry();
    for (let n = 0; n < 10; n++) await registry.register(ctx, instanceOf(`room-${n}`));
    await using resolver = disposable(createResolver(registry, { targets: { room: { balancer: hashed() } } }));
    const call = async (from: Context) => {
      const { node, done } = await resolver.resolve(from, 'room', head);
      done({ error: undefined, durationMs: 1 });
      return node.id;
    };

    const route = withRouteKey(ctx, 'seven');
    const ids = await Array.fromAsync({ length: 30 }, () => call(route));
    const others = await Array.fromAsync({ length: 30 }, (_, index) => call(withRouteKey(ctx, `key-${index}`)));

    assert.equal(new Set(ids).size, 1);
    assert.ok(new Set(others).size > 5);
  });

  it('makes every balancer with the ejection that it was given', async () => {
    const registry = memoryRegistry();
    for (let n = 0; n < 3; n++) await registry.register(ctx, instanceOf(`room-${n}`));
    const made: unknown[] = [];
    const balancer: MakeBalancer = (hooks) => {
      made.push(hooks.outlier);
      return roundRobin()(hooks);
    };
    await using resolver = disposable(createResolver(registry, { balancer, outlier: { maxEjectedShare: 0 } }));

    await resolver.resolve(ctx, 'room', head);

    assert.deepEqual(made, [{ maxEjectedShare: 0 }]);
  });

  it('tells which instances a lane may call, now and after each change', async () => {
    const registry = memoryRegistry();
    await registry.register(ctx, instanceOf('room-1'));
    await registry.register(ctx, instanceOf('room-2', { lane: 'blue' }));
    const resolver = createResolver(registry);
    const seen: string[][] = [];
    const watching = (async () => {
      for await (const nodes of resolver.watchNodes!(ctx, 'room')) seen.push(nodes.map(({ id }) => id));
    })();

    await turn();
    await registry.register(ctx, instanceOf('room-3'));
    await registry.register(ctx, instanceOf('room-4', { weight: 0 }));
    await turn();
    const blue = await first(resolver.watchNodes!(ctx, 'room', 'blue'));
    await resolver.close();
    await watching;

    assert.deepEqual([seen.at(0), seen.at(-1)], [['room-1'], ['room-1', 'room-3']]);
    assert.deepEqual(
      blue.map(({ id }) => id),
      ['room-2'],
    );
  });

  it('ends its watches when it is closed, and resolves no more', async () => {
    const resolver = createResolver(memoryRegistry());
    await assert.rejects(async () => resolver.resolve(ctx, 'room', head), hasNone);

    await resolver.close();

    await assert.rejects(
      async () => resolver.resolve(ctx, 'room', head),
      (error) => is(error, DiscoveryErrors.REGISTRY_CLOSED),
    );
  });
});

describe('a static resolver', () => {
  it('balances over its URLs', async () => {
    const resolver = staticResolver({ room: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] });

    const picks = await Promise.all(Array.from({ length: 20 }, () => resolver.resolve(ctx, 'room', head)));

    assert.deepEqual([...new Set(picks.map(({ node }) => node.endpoints.rpc))].sort(), [
      'http://127.0.0.1:1',
      'http://127.0.0.1:2',
    ]);
  });

  it('names the targets that it knows', async () => {
    const resolver = staticResolver({ room: ['http://127.0.0.1:1'] });

    await assert.rejects(
      async () => resolver.resolve(ctx, 'rank', head),
      (error) => hasNone(error) && /"rank": the static list has room/.test(String(error)),
    );
  });

  it('refuses what is no URL at once', () => {
    assert.throws(
      () => staticResolver({ room: ['127.0.0.1:1'] }),
      (error) => is(error, DiscoveryErrors.INVALID_INSTANCE),
    );
  });
});

function disposable<T extends { close(): Promise<void> }>(closable: T): T & AsyncDisposable {
  return Object.assign(closable, { [Symbol.asyncDispose]: () => closable.close() });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
