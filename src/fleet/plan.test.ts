import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embedded, external, fleet, off, service } from './definition.ts';
import { environmentOf } from './environment.ts';
import { type PlanOptions, plan } from './plan.ts';

const live = fleet({
  services: {
    gateway: service('./gateway/main.ts', { port: 8080 }),
    room: service('./room/main.ts', { replicas: 2, env: { LIVE: 'yes' } }),
    rank: service('./rank/main.ts'),
  },
  backends: { registry: embedded() },
});
const summary = (options: PlanOptions) =>
  plan(live, '/app/fleet.ts', options).map(({ name, replicas, services }) => [
    name,
    replicas,
    services.map((one) => [one.name, one.port]),
  ]);

test('the back end comes first, then a unit for each service', () => {
  assert.deepEqual(summary({}), [
    ['backend', 1, [['backend', 8081]]],
    ['gateway', 1, [['gateway', 8080]]],
    ['room', 2, [['room', undefined]]],
    ['rank', 1, [['rank', undefined]]],
  ]);
  assert.equal(plan(live, '/app/fleet.ts')[2]?.entry, '/app/room/main.ts');
});

test('colocated services share one process, each once', () => {
  assert.deepEqual(summary({ colocate: ['room', 'gateway'] }).slice(1), [
    [
      'colocated',
      1,
      [
        ['gateway', 8080],
        ['room', undefined],
      ],
    ],
    ['rank', 1, [['rank', undefined]]],
  ]);
  assert.equal(plan(live, '/app/fleet.ts', { colocate: 'all' }).length, 2);
});

test('ports can be replaced, of the only public service or by name', () => {
  const ports = (options: PlanOptions) =>
    summary(options).map(([, , services]) => (services as [string, number][])[0]?.[1]);

  assert.deepEqual(ports({ ports: [{ service: undefined, port: 9000 }], consolePort: 0 }), [
    0,
    9000,
    undefined,
    undefined,
  ]);
  assert.deepEqual(ports({ ports: [{ service: 'gateway', port: 9000 }] }), [8081, 9000, undefined, undefined]);
});

const two = fleet({ services: { web: service('./w.ts', { port: 1 }), api: service('./a.ts', { port: 2 }) } });
const none = fleet({ services: { room: service('./r.ts') } });
const refusals = [
  [live, { colocate: ['rom'] }, /there is no service "rom" \(did you mean "room"\?\)/],
  [live, { ports: [{ service: 'room', port: 1 }] }, /room has no public port; these have one: gateway/],
  [two, { ports: [{ service: undefined, port: 9 }] }, /web and api have public ports; say which, like --port web=9/],
  [none, { ports: [{ service: undefined, port: 9 }] }, /no service has a public port/],
] as const;
for (const [definition, options, message] of refusals) {
  test(`refuses ${JSON.stringify(options)}`, () =>
    assert.throws(() => plan(definition, '/app/fleet.ts', options), message));
}

const base = {
  FLOTILLA_WATCH_PARENT: '1',
  FLOTILLA_PORT: '1',
  FLOTILLA_LANE: 'green',
  FLOTILLA_COLOCATE: 'all',
  PATH: '/bin',
};
function envOf(index: number, backends = {}, colocate?: 'all', lane = '') {
  const unit = plan(live, '/app/fleet.ts', { colocate })[index]!;
  const ports = new Map([
    ['backend', 8081],
    ['gateway', 8080],
  ]);
  const options = {
    base,
    unit,
    instance: 'x-1',
    dataDir: '/data',
    backendUrl: 'http://127.0.0.1:8081',
    backends,
    ports,
  } as const;
  return environmentOf({ ...options, log: 'info', compileCache: '/cache', lane });
}

test('a service finds the back ends, its name and its data in its environment, and nothing of the supervisor', () => {
  assert.deepEqual(envOf(2), {
    PATH: '/bin',
    NODE_COMPILE_CACHE: '/cache',
    FLOTILLA_SUPERVISED: '1',
    FLOTILLA_INSTANCE: 'x-1',
    FLOTILLA_DATA_DIR: '/data',
    FLOTILLA_LANES: 'open',
    FLOTILLA_LOG_FORMAT: 'json',
    FLOTILLA_REGISTRY_URL: 'http://127.0.0.1:8081',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:8081',
    LIVE: 'yes',
  });
  assert.equal(envOf(1).FLOTILLA_PORT, '8080');
});

test('a process of a lane is told its lane, and nobody inherits one', () => {
  assert.equal(envOf(2, {}, undefined, 'blue').FLOTILLA_LANE, 'blue');
  assert.equal(envOf(2).FLOTILLA_LANE, undefined);
});

test('external back ends replace the embedded ones, and telemetry can be off', () => {
  const env = envOf(2, { registry: external('http://registry:1'), telemetry: external('http://otlp:4318') });

  assert.equal(env.FLOTILLA_REGISTRY_URL, 'http://registry:1');
  assert.equal(env.OTEL_EXPORTER_OTLP_ENDPOINT, 'http://otlp:4318');
  assert.equal(envOf(2, { telemetry: off() }).FLOTILLA_TELEMETRY, 'off');
});

test('the back end sends its own telemetry nowhere: it would tell of its own telling without end', () => {
  const env = envOf(0);

  assert.equal(env.OTEL_EXPORTER_OTLP_ENDPOINT, undefined);
  assert.equal(env.FLOTILLA_PORT, '8081');
});

test('a colocated process is told its services', () => {
  const told = JSON.parse(envOf(1, {}, 'all').FLOTILLA_COLOCATED ?? '');

  assert.deepEqual(
    told.map(({ name, port }: { name: string; port?: number }) => [name, port]),
    [
      ['gateway', 8080],
      ['room', undefined],
      ['rank', undefined],
    ],
  );
});
