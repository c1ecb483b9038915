import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { background } from '../concurrency/index.ts';
import { memoryRegistry } from '../discovery/index.ts';
import { as } from '../errors/index.ts';
import { noTelemetry } from '../observe/index.ts';
import { createHost } from './host.ts';
import { processHost } from './process-host.ts';

const ctx = background();

describe('a host', () => {
  it('makes each thing once', async () => {
    const host = createHost({ instance: 'room-1', env: { FLOTILLA_TELEMETRY: 'off' } });

    assert.equal(host.registry(), host.registry());
    assert.equal(host.resolver(), host.resolver());
    assert.equal(host.telemetry({ service: 'room', version: '1' }), host.telemetry({ service: 'room', version: '1' }));
    await host.close(ctx);
  });

  it('gives each colocated service what they share and telemetry of its own', async () => {
    const registry = memoryRegistry();
    const made: string[] = [];
    const hosts = ['room', 'rank'].map((name) =>
      createHost({
        instance: `${name}-1`,
        registry,
        telemetry: ({ service }) => {
          made.push(service);
          return { ...noTelemetry };
        },
      }),
    );

    for (const host of hosts) host.telemetry({ service: host.instance.slice(0, 4), version: '1' });

    assert.equal(hosts[0]?.registry(), hosts[1]?.registry());
    assert.deepEqual(made, ['room', 'rank']);
  });

  it('leaves open what it was given', async () => {
    const registry = memoryRegistry();
    const host = createHost({ instance: 'room-1', registry });

    await host.close(ctx);

    const instance = { id: 'a', service: 'room', version: '', endpoints: {}, lane: '', weight: 1, metadata: {} };
    await (await registry.register(ctx, instance)).close(ctx);
  });

  it('is in the lane that its environment names, and refuses a name that is none', () => {
    const laneOf = (env: Record<string, string>) => createHost({ instance: 'room-1', env }).lane();

    assert.deepEqual([laneOf({}), laneOf({ FLOTILLA_LANE: 'blue' })], ['', 'blue']);
    assert.throws(
      () => laneOf({ FLOTILLA_LANE: 'Blue!' }),
      (error) => as(error)?.reason === 'INVALID_CONFIG' && /FLOTILLA_LANE is "Blue!"; it must be/.test(String(error)),
    );
  });

  it('loads configuration with its own environment', async () => {
    const host = createHost({ instance: 'room-1', env: { LIVE_PORT: '81' } });

    assert.deepEqual(await host.config(z.object({ port: z.number() }), { prefix: 'LIVE_' }), { port: 81 });
  });

  it('keeps data in .flotilla unless told otherwise', () => {
    assert.equal(createHost({ instance: 'a' }).dataDir(), resolve('.flotilla'));
    assert.equal(createHost({ instance: 'a', env: { FLOTILLA_DATA_DIR: '/data' } }).dataDir(), '/data');
  });

  const wrong: [variable: string, value: string, use: (host: ReturnType<typeof createHost>) => unknown][] = [
    ['FLOTILLA_PORT', '80 80', (host) => host.listener('http', { port: 0 })],
    ['FLOTILLA_PORT', '65536', (host) => host.listener('http', { port: 0 })],
    ['FLOTILLA_REGISTRY_URL', 'localhost:8081', (host) => host.registry()],
    ['FLOTILLA_TELEMETRY', 'no', (host) => host.telemetry({ service: 'a', version: '1' })],
    ['FLOTILLA_LOG_LEVEL', 'loud', (host) => host.telemetry({ service: 'a', version: '1' })],
    ['FLOTILLA_LOG_FORMAT', 'xml', (host) => host.telemetry({ service: 'a', version: '1' })],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', '4318', (host) => host.telemetry({ service: 'a', version: '1' })],
  ];
  for (const [variable, value, use] of wrong) {
    it(`refuses ${variable}=${value}, naming it`, () => {
      const host = createHost({ instance: 'a', env: { [variable]: value } });

      assert.throws(
        () => use(host),
        (error) => as(error)?.reason === 'INVALID_CONFIG' && String(error).includes(`${variable} is "${value}"`),
      );
    });
  }
});

describe('the host of a process', () => {
  it('has an instance id that the registry takes, even where none is given', () => {
    assert.match(processHost({}).instance, /^[A-Za-z0-9][A-Za-z0-9.-]*-\d+$/);
    assert.equal(processHost({ FLOTILLA_INSTANCE: 'room-1' }).instance, 'room-1');
  });

  it('has no supervisor unless it is told of one', () => {
    assert.equal(processHost({}).supervisor, undefined);
  });
});
