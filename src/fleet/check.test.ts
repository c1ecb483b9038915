import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../errors/index.ts';
import { embedded, external, type FleetOptions, fleet, isFleet, off, service } from './definition.ts';

const room = service('./room/main.ts');

test('accepts the fleet file of the guide', () => {
  const made = fleet({
    services: {
      gateway: service('./gateway/main.ts', { port: 8080 }),
      room: service('./room/main.ts', { replicas: 2 }),
    },
    backends: { sql: embedded(), cache: embedded(), stream: embedded(), registry: embedded(), telemetry: embedded() },
  });

  assert.equal(isFleet(made), true);
  assert.equal(isFleet({ services: {} }), false);
});

const wrong: readonly (readonly [title: string, options: unknown, message: RegExp])[] = [
  ['no options', undefined, /takes an object with "services"/],
  ['no services', { services: {} }, /services: give at least one/],
  [
    'an unknown key of the fleet',
    { services: { room }, backend: {} },
    /the fleet has no "backend" \(did you mean "backends"\?\)/,
  ],
  [
    'an unknown key of a service',
    { services: { room: { ...room, replica: 2 } } },
    /services\.room has no "replica" \(did you mean "replicas"\?\)/,
  ],
  [
    'a service that is only a path',
    { services: { room: './room/main.ts' } },
    /make it with service\('\.\/room\/main\.ts'\)/,
  ],
  ['a name with capitals', { services: { Room: room } }, /services\.Room: the name must be lower-case/],
  ['a reserved name', { services: { backend: room } }, /taken by Flotilla itself/],
  ['an empty path', { services: { room: service('') } }, /services\.room\.path is ""/],
  [
    'no replicas',
    { services: { room: service('./r.ts', { replicas: 0 }) } },
    /replicas is 0; give a whole number from 1 to 64/,
  ],
  ['half a replica', { services: { room: service('./r.ts', { replicas: 1.5 }) } }, /replicas is 1\.5/],
  [
    'a port out of range',
    { services: { room: service('./r.ts', { port: 70_000 }) } },
    /port is 70000; give a port from 1 to 65535/,
  ],
  [
    'two services on one port',
    { services: { a: service('./a.ts', { port: 9000 }), b: service('./b.ts', { port: 9000 }) } },
    /services\.b\.port: 9000 is already the port of a/,
  ],
  [
    "the console's port",
    { services: { a: service('./a.ts', { port: 8081 }) } },
    /8081 is already the port of the console/,
  ],
  [
    'an environment that is no strings',
    { services: { a: { path: './a.ts', env: { A: 1 } } } },
    /services\.a\.env is \{"A":1\}/,
  ],
  ['no time to become ready', { services: { a: service('./a.ts', { readyTimeoutMs: 0 }) } }, /readyTimeoutMs is 0/],
  [
    'an unknown service to colocate',
    { services: { room }, colocate: ['rom'] },
    /colocate: there is no service "rom" \(did you mean "room"\?\)/,
  ],
  [
    'an unknown back end',
    { services: { room }, backends: { registy: embedded() } },
    /backends has no "registy" \(did you mean "registry"\?\)/,
  ],
  [
    'a registry that is off',
    { services: { room }, backends: { registry: off() } },
    /backends\.registry cannot be off\(\); give embedded\(\) or external\(url\)/,
  ],
  [
    'an external URL that is none',
    { services: { room }, backends: { telemetry: external('jaeger') } },
    /external\("jaeger"\) needs a URL/,
  ],
];

for (const [title, options, message] of wrong) {
  test(`refuses ${title}`, () => {
    assert.throws(
      () => fleet(options as FleetOptions),
      (error) => errors.is(error, 'invalid_argument') && message.test(String(error)),
    );
  });
}

test('names every mistake at once', () => {
  const options = { services: { a: service('', { replicas: 0 }), B: room }, consolePort: -1 };

  assert.throws(() => fleet(options), /a\.path[\s\S]*a\.replicas[\s\S]*services\.B[\s\S]*consolePort is -1/);
});
