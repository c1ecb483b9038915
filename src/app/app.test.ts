import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, rootContext, until } from '../concurrency/index.ts';
import { fileRegistry, memoryRegistry, type Registry, type Snapshot } from '../discovery/index.ts';
import * as errors from '../errors/index.ts';
import { noTelemetry } from '../observe/index.ts';
import { type IsReady, readinessOf, type Server } from '../service/index.ts';
import { virtualClock } from '../testing/index.ts';
import { type App, type AppOptions, app } from './app.ts';
import { appGroup } from './app-group.ts';
import { createHost } from './host.ts';

const ctx = background();

/** An app whose parts write down what happens to them. */
function recorded(change: Partial<AppOptions> = {}, registry: Registry = memoryRegistry()) {
  const events: string[] = [];
  const host = createHost({ instance: 'room-1', registry: noting(registry, events), telemetry: () => noTelemetry });
  const server = (name: string, parts: Partial<Server> = {}): Server => ({
    async start() {
      events.push(`start ${name}`);
      return [{ name, url: 'http://127.0.0.1:1' }];
    },
    async stop() {
      events.push(`stop ${name}`);
    },
    ...parts,
  });
  const make = (options: Partial<AppOptions>): App =>
    app({
      name: 'room',
      version: '1.0.0',
      host,
      servers: [server('http'), server('rpc')],
      closers: [() => events.push('close first'), () => events.push('close second')],
      propagationMs: 0,
      ...options,
    });
  return { events, registry, server, make, app: make(change) };
}

function noting(registry: Registry, events: string[]): Registry {
  return {
    ...registry,
    watch: (watching, service) => registry.watch(watching, service),
    async register(registering, instance) {
      const registration = await registry.register(registering, instance);
      events.push('register');
      return {
        async close(closing) {
          events.push('deregister');
          await registration.close(closing);
        },
      };
    },
  };
}

async function listOf(registry: Registry): Promise<Snapshot['instances']> {
  for await (const { instances } of registry.watch(ctx, 'room')) return instances;
  return [];
}

describe('an app', () => {
  it('tells its servers whether it is ready', async () => {
    const clock = virtualClock();
    const probe = rootContext(clock);
    let isThere = true;
    const probed: boolean[] = [];
    let isReady: IsReady = async () => assert.fail('not started');
    const { server, make } = recorded();
    const room = make({
      servers: [
        server('rpc', {
          async start(starting) {
            isReady = readinessOf(starting);
            probed.push(await isReady(probe));
            return [];
          },
          async stop() {
            probed.push(await isReady(probe));
          },
        }),
      ],
      checks: { there: () => (isThere ? undefined : Promise.reject(new Error('gone'))) },
    });

    await room.start(ctx);
    probed.push(await isReady(probe));
    isThere = false;
    await clock.advance(1_000);
    probed.push(await isReady(probe));
    await room.stop(ctx);

    assert.deepEqual(probed, [false, true, false, false]);
  });

  it('starts its servers in order, registers, and goes down the other way', async () => {
    const { app: room, events, registry } = recorded();
    assert.equal(room.state, 'starting');

    await room.start(ctx);
    assert.equal(room.state, 'ready');
    const [instance] = await listOf(registry);
    await room.stop(ctx);

    assert.equal(room.state, 'stopped');
    assert.deepEqual(events, [
      ...['start http', 'start rpc', 'register'],
      ...['deregister', 'stop http', 'stop rpc', 'close second', 'close first'],
    ]);
    assert.deepEqual([instance?.id, instance?.service, instance?.version], ['room-1', 'room', '1.0.0']);
    assert.deepEqual(Object.keys(instance?.endpoints ?? {}).sort(), ['admin', 'http', 'rpc']);
    assert.deepEqual(await listOf(registry), []);
  });

  it('leaves the registry first and stops its servers when callers have had time to learn of it', async () => {
    const clock = virtualClock();
    const { app: room, events } = recorded({ propagationMs: 300 });
    await room.start(ctx);
    events.length = 0;

    const stopped = room.stop(rootContext(clock));
    await clock.advance(299);
    assert.equal(room.state, 'draining');
    assert.deepEqual(events, ['deregister']);
    await clock.advance(1);

    await stopped;
    assert.deepEqual(events.slice(1, 3), ['stop http', 'stop rpc']);
  });

  it('registers in the lane of its host, unless it names one', async () => {
    const registry = memoryRegistry();
    const host = createHost({
      instance: 'room-1',
      registry,
      telemetry: () => noTelemetry,
      env: { FLOTILLA_LANE: 'blue' },
    });
    const lanes: (string | undefined)[] = [];

    for (const own of [{}, { lane: '' }]) {
      const room = app({ name: 'room', version: '1', host, servers: [], propagationMs: 0, ...own });
      await room.start(ctx);
      lanes.push((await listOf(registry))[0]?.lane);
      await room.stop(ctx);
    }

    assert.deepEqual(lanes, ['blue', '']);
  });

  it('registers nothing when it is told not to, and then does not wait for callers', async () => {
    const clock = virtualClock();
    const { app: room, events } = recorded({ register: false, propagationMs: 300 });

    await room.start(ctx);
    await room.stop(rootContext(clock));

    assert.ok(!events.includes('register'));
    assert.equal(clock.now(), 0);
  });

  it('stops what had started, and the one that failed, when one server cannot start', async () => {
    const { server, make, events, registry } = recorded();
    const broken = server('broken', {
      async start() {
        throw new errors.StatusError('already_exists', '127.0.0.1:80 is in use', { reason: 'ADDRESS_IN_USE' });
      },
    });
    const room = make({ servers: [server('http'), broken, server('never')] });

    await assert.rejects(room.start(ctx), (error) => {
      const { code, reason, message } = errors.from(error);
      assert.deepEqual(
        [code, reason, message],
        ['already_exists', 'ADDRESS_IN_USE', 'start room: 127.0.0.1:80 is in use'],
      );
      return true;
    });

    assert.equal(room.state, 'stopped');
    assert.deepEqual(events, ['start http', 'stop http', 'stop broken', 'close second', 'close first']);
    assert.deepEqual(await listOf(registry), []);
  });

  it('stops its servers when the registry does not take it', async () => {
    const registry = memoryRegistry({ maxInstances: 0 });
    const { app: room, events } = recorded({}, registry);

    await assert.rejects(room.start(ctx), (error) => errors.is(error, 'resource_exhausted'));

    assert.deepEqual(events, ['start http', 'start rpc', 'stop http', 'stop rpc', 'close second', 'close first']);
  });

  it('starts where others say who is in the registry', async () => {
    const { app: room, registry } = recorded({}, fileRegistry('/nowhere.yaml'));

    await room.start(ctx);

    assert.equal(room.state, 'ready');
    await room.stop(ctx);
    assert.equal(room.state, 'stopped');
    await registry.close();
  });

  it('gives up a start that takes longer than it may', async () => {
    const clock = virtualClock();
    const { server, make, events } = recorded();
    const slow = server('slow', { start: () => new Promise(() => {}) });
    const room = make({ servers: [slow], startMs: 1_000 });

    const refused = assert.rejects(room.start(rootContext(clock)), (error) => errors.is(error, 'deadline_exceeded'));
    await clock.advance(1_000);

    await refused;
    assert.deepEqual(events, ['stop slow', 'close second', 'close first']);
  });

  it('ends a start that it is told to stop, and leaves nothing behind', async () => {
    const { server, make, events } = recorded();
    const begun = Promise.withResolvers<void>();
    const slow = server('slow', {
      start() {
        begun.resolve();
        return new Promise(() => {});
      },
    });
    const room = make({ servers: [server('http'), slow] });
    const refused = assert.rejects(room.start(ctx), (error) => errors.is(error, 'canceled'));
    await begun.promise;

    await room.stop(ctx);

    await refused;
    assert.equal(room.state, 'stopped');
    assert.deepEqual(events, ['start http', 'stop http', 'stop slow', 'close second', 'close first']);
  });

  it('starts once', async () => {
    const { app: room } = recorded();
    await room.start(ctx);

    await assert.rejects(room.start(ctx), (error) => errors.as(error)?.reason === 'ALREADY_STARTED');

    await room.stop(ctx);
    await assert.rejects(room.start(ctx), (error) => errors.as(error)?.reason === 'ALREADY_STARTED');
  });

  it('drains once for all who ask, and closes what main opened even if it never started', async () => {
    const { app: room, events } = recorded();

    await Promise.all([room.stop(ctx), room.stop(ctx)]);

    assert.equal(room.state, 'stopped');
    assert.deepEqual(events, ['close second', 'close first']);
  });

  it('tells its servers that it drains before it leaves the registry, and again when a renewal must hurry', async () => {
    const clock = virtualClock();
    const { server, make, events } = recorded({});
    const told = server('http', { drain: ({ isRenewal = false }) => void events.push(`drain ${isRenewal}`) });
    const room = make({ servers: [told, server('rpc')], propagationMs: 300 });
    await room.start(ctx);
    events.length = 0;

    const stopped = room.stop(rootContext(clock), { isRenewal: true });
    await clock.advance(0);
    assert.deepEqual(events, ['drain true', 'deregister']);
    const hurried = room.stop(ctx);
    const later = room.stop(ctx, { isRenewal: true });
    assert.deepEqual(events, ['drain true', 'deregister', 'drain false']);
    await clock.advance(300);

    await Promise.all([stopped, hurried, later]);
    assert.deepEqual(events.slice(3, 5), ['stop http', 'stop rpc']);
  });

  it('leaves a server behind that does not stop within the limit', async () => {
    const clock = virtualClock();
    const { server, make, events } = recorded();
    const stuck = server('stuck', { stop: () => new Promise(() => {}) });
    const room = make({ servers: [stuck], drainMs: 5_000 });
    await room.start(ctx);

    const stopped = room.stop(rootContext(clock));
    await clock.advance(room.stopLimitMs);

    await stopped;
    assert.deepEqual(events.slice(-2), ['close second', 'close first']);
  });

  it('tells a server when its running calls must end', async () => {
    const clock = virtualClock();
    const { server, make } = recorded();
    let cutAt = -1;
    const draining = server('http', {
      async stop(limit) {
        await new Promise<void>((resolve) => limit.onDone(resolve));
        cutAt = clock.now();
      },
    });
    const room = make({ servers: [draining], drainMs: 5_000 });
    await room.start(ctx);

    const stopped = room.stop(rootContext(clock));
    await clock.advance(5_000);

    await stopped;
    assert.equal(cutAt, 5_000);
  });

  it('runs every closer, whatever the others throw', async () => {
    const { make } = recorded();
    const closed: number[] = [];
    const closers = [1, 2, 3].map((n) => () => {
      closed.push(n);
      if (n > 1) throw new Error(`closer ${n}`);
    });
    const room = make({ closers });
    await room.start(ctx);

    await room.stop(ctx);

    assert.deepEqual(closed, [3, 2, 1]);
  });

  it('registers when its checks pass, not before', async () => {
    const clock = virtualClock();
    const { make, events } = recorded();
    let isUp = false;
    const checks = {
      database: () => {
        events.push('check');
        if (!isUp) throw new Error('connection refused');
      },
    };
    const room = make({ checks });

    const started = room.start(rootContext(clock));
    await clock.advance(500);
    assert.ok(!events.includes('register') && events.includes('check'));
    isUp = true;
    await clock.advance(1_000);

    await started;
    assert.equal(events.at(-1), 'register');
    await room.stop(ctx);
  });

  it('names the check that does not pass when its start takes too long', async () => {
    const clock = virtualClock();
    const { make } = recorded();
    const checks = { disk: () => {}, database: () => Promise.reject(new Error('connection refused')) };
    const room = make({ checks, startMs: 2_000 });

    const refused = assert.rejects(room.start(rootContext(clock)), (error) => {
      assert.match(String(error), /start room: the check "database" does not pass: connection refused/);
      return errors.as(error)?.reason === 'NOT_READY';
    });
    await clock.advance(2_000);

    await refused;
  });

  it('runs until its Context ends', async () => {
    const { app: room, events } = recorded();
    const running = ctx.withCancel();
    const ended = room.run(running);
    while (room.state !== 'ready') await new Promise((resolve) => setImmediate(resolve));

    running.cancel();

    await ended;
    assert.equal(room.state, 'stopped');
    assert.equal(events.at(-1), 'close first');
  });

  it('lets its servers live in a Context that ends with it', async () => {
    const { server, make } = recorded();
    let life = ctx;
    const http = server('http', {
      async start(given) {
        life = given;
        return [];
      },
    });
    const room = make({ servers: [http] });
    await room.start(ctx.withTimeout(60_000));
    assert.equal(life.deadline, undefined);

    await room.stop(ctx);

    assert.equal(life.err()?.code, 'canceled');
  });
});

describe('a group of apps', () => {
  it('starts in order and stops the other way', async () => {
    const order: string[] = [];
    const group = appGroup('live', [fakeApp('room', order), fakeApp('gateway', order)]);

    await group.start(ctx);
    assert.equal(group.state, 'ready');
    await group.stop(ctx);

    assert.deepEqual(order, ['start room', 'start gateway', 'stop gateway', 'stop room']);
    assert.equal(group.state, 'stopped');
  });

  it('stops those that had started when one cannot', async () => {
    const order: string[] = [];
    const broken = { ...fakeApp('rank', order), start: () => Promise.reject(new Error('no')) };
    const group = appGroup('live', [fakeApp('room', order), broken, fakeApp('gateway', order)]);

    await assert.rejects(until(ctx, group.start(ctx)), /no/);

    assert.ok(order.includes('stop room'));
    assert.ok(!order.includes('start gateway'));
  });

  it('needs an app', () => {
    assert.throws(() => appGroup('live', []), TypeError);
  });
});

function fakeApp(name: string, order: string[]): App {
  let state: App['state'] = 'starting';
  return {
    name,
    endpoints: [],
    telemetry: noTelemetry,
    stopLimitMs: 1,
    get state() {
      return state;
    },
    async start() {
      order.push(`start ${name}`);
      state = 'ready';
    },
    async stop() {
      order.push(`stop ${name}`);
      state = 'stopped';
    },
    async run() {},
  };
}
