import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { background, type Context, rootContext } from '../../concurrency/index.ts';
import { type Instance, memoryRegistry } from '../../discovery/index.ts';
import { client as httpClient } from '../../net/http/index.ts';
import { virtualClock } from '../../testing/index.ts';
import type { ServicesAnswer } from '../index.ts';
import { startRig } from '../testdata/rig.ts';
import { watchHealth } from './health.ts';
import { probeReadiness } from './probe.ts';

function instance(id: string, endpoints: Record<string, string> = {}): Instance {
  return { id, service: 'room', version: '1.0.0', endpoints, lane: '', weight: 1, metadata: {} };
}

/** Health on a clock of its own; `ready` says what a probe finds, a missing id means that nobody answers. */
function watching(ready: Map<string, boolean>) {
  const clock = virtualClock();
  const registry = memoryRegistry();
  const ctx = rootContext(clock).withCancel();
  const running = { now: 0, most: 0 };
  const probe = async (probeCtx: Context, { id }: Instance) => {
    running.most = Math.max(running.most, ++running.now);
    await new Promise((resolve) => setImmediate(resolve));
    running.now--;
    probeCtx.throwIfDone();
    if (!ready.has(id)) throw new Error('nobody answers');
    return ready.get(id)!;
  };
  const health = watchHealth(ctx, { registry, probe });
  const states = () =>
    health
      .list()
      .map(({ instance: { id }, state }) => `${id} ${state}`)
      .sort();
  return { clock, registry, health, states, running };
}

describe('watchHealth', () => {
  it('shows what the probes find, every two seconds', async () => {
    const ready = new Map([
      ['room-1', true],
      ['room-2', false],
    ]);
    const { clock, registry, health, states } = watching(ready);
    for (const id of ['room-1', 'room-2', 'room-3']) await registry.register(background(), instance(id));

    await clock.advance(100);
    assert.deepEqual(states(), ['room-1 ready', 'room-2 unready', 'room-3 unready']);
    ready.set('room-2', true);
    await clock.advance(2000);
    assert.deepEqual(states(), ['room-1 ready', 'room-2 ready', 'room-3 unready']);
    await health.stop();
  });

  it('shows an instance that left for a minute more', async () => {
    const { clock, registry, health, states } = watching(new Map([['room-1', true]]));
    const registration = await registry.register(background(), instance('room-1'));
    await clock.advance(100);

    await registration.close(background());
    await clock.advance(59_000);
    assert.deepEqual(states(), ['room-1 gone']);
    await clock.advance(3000);
    assert.deepEqual(states(), []);
    await health.stop();
  });

  it('takes an instance that came back as present', async () => {
    const { clock, registry, health, states } = watching(new Map([['room-1', true]]));
    const registration = await registry.register(background(), instance('room-1'));
    await clock.advance(100);
    await registration.close(background());
    await clock.advance(5000);

    await registry.register(background(), instance('room-1'));
    await clock.advance(100_000);

    assert.deepEqual(states(), ['room-1 ready']);
    await health.stop();
  });

  it('asks at most sixteen in a round at a time', async () => {
    const ready = new Map(Array.from({ length: 100 }, (_, i) => [`room-${i}`, true]));
    const { clock, registry, health, running } = watching(ready);
    for (const id of ready.keys()) await registry.register(background(), instance(id));
    await clock.advance(1000);
    running.most = 0;

    await clock.advance(2000);

    assert.equal(running.most, 16);
    await health.stop();
  });

  it('does nothing after it was stopped', async () => {
    const { clock, registry, health } = watching(new Map());
    await registry.register(background(), instance('room-1'));
    await clock.advance(100);

    await health.stop();
    await clock.advance(10_000);

    assert.equal(clock.pending, 0);
  });
});

describe('probeReadiness', () => {
  it('asks /readyz of the admin endpoint', async () => {
    await using client = httpClient({ sendFields: false });
    const asked: string[] = [];
    let status = 200;
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`);
      response.writeHead(status).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const admin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    const ready = await probeReadiness(background(), client, instance('room-1', { admin }), 'secret');
    status = 503;
    const unready = await probeReadiness(background(), client, instance('room-1', { admin }));
    await new Promise((resolve) => server.close(resolve));

    assert.deepEqual([ready, unready, asked], [true, false, ['GET /readyz Bearer secret', 'GET /readyz ']]);
    await assert.rejects(probeReadiness(background(), client, instance('room-1', { admin })));
    assert.equal(await probeReadiness(background(), client, instance('room-1')), true);
  });
});

describe('/api/services', () => {
  it('shows what is registered, also before it has emitted anything', async () => {
    const registry = memoryRegistry();
    await registry.register(background(), instance('room-1', { rpc: 'http://127.0.0.1:1' }));
    await using rig = await startRig({ registry });

    const { services } = await rig.get<ServicesAnswer>('/api/services');

    const { lastSeenMs, ...shown } = services[0]!.instances[0]!;
    assert.ok(Date.now() - lastSeenMs < 60_000);
    assert.deepEqual(shown, {
      id: 'room-1',
      lane: '',
      version: '1.0.0',
      endpoints: { rpc: 'http://127.0.0.1:1' },
      healthy: true,
      state: 'ready',
    });
    const { instances: _, ...figures } = services[0]!;
    assert.deepEqual(figures, {
      name: 'room',
      version: '1.0.0',
      requestsPerSecond: 0,
      errorRate: 0,
      p50Ms: null,
      p99Ms: null,
      lanes: [],
    });
    await registry.close();
  });
});
