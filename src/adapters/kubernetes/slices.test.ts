import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instancesOf, parseSlice, type Slice } from './slices.ts';

const names = { version: 'app.kubernetes.io/version', lane: 'flotilla.dev/lane' };

interface Parts {
  readonly name?: string;
  readonly service?: string;
  readonly addressType?: string;
  readonly ports?: readonly object[];
  readonly endpoints: readonly object[];
}

function slice({
  name = 'room-abc',
  service = 'room',
  addressType = 'IPv4',
  ports = [{ name: 'rpc', port: 80 }],
  endpoints,
}: Parts): Slice {
  const labels = { 'kubernetes.io/service-name': service, [names.version]: '1.2', [names.lane]: 'blue' };
  const parsed = parseSlice({ metadata: { name, labels }, addressType, ports, endpoints });
  assert.ok(parsed !== undefined);
  return parsed;
}

const pod = (name: string, address: string, conditions: object = { ready: true }) => ({
  addresses: [address],
  conditions,
  targetRef: { kind: 'Pod', name },
});

describe('instances of EndpointSlices', () => {
  const lists: [what: string, slices: readonly Slice[], expected: readonly string[]][] = [
    ['none', [], []],
    ['ready pods', [slice({ endpoints: [pod('a', '10.0.0.1'), pod('b', '10.0.0.2', { ready: false })] })], ['a']],
    ['pods of which nothing is known', [slice({ endpoints: [pod('a', '10.0.0.1', {})] })], ['a']],
    [
      'no pods that end, while others are ready',
      [
        slice({
          endpoints: [pod('a', '10.0.0.1'), pod('b', '10.0.0.2', { ready: false, serving: true, terminating: true })],
        }),
      ],
      ['a'],
    ],
    [
      'those that end and still serve, where none is ready',
      [
        slice({
          endpoints: [
            pod('a', '10.0.0.1', { ready: false, serving: true, terminating: true }),
            pod('b', '10.0.0.2', { ready: false, serving: false, terminating: true }),
          ],
        }),
      ],
      ['a'],
    ],
    [
      'pods of several slices',
      [
        slice({ name: 's1', endpoints: [pod('b', '10.0.0.1')] }),
        slice({ name: 's2', endpoints: [pod('a', '10.0.0.2')] }),
      ],
      ['a', 'b'],
    ],
    [
      'a pod of two slices once',
      [
        slice({ name: 's1', endpoints: [pod('a', '10.0.0.1')] }),
        slice({ name: 's2', endpoints: [pod('a', '10.0.0.1')] }),
      ],
      ['a'],
    ],
    [
      'pods of their service',
      [
        slice({ endpoints: [pod('a', '10.0.0.1')] }),
        slice({ name: 's2', service: 'rank', endpoints: [pod('b', '10.0.0.2')] }),
      ],
      ['a'],
    ],
    ['addresses without a pod', [slice({ endpoints: [{ addresses: ['10.0.0.9'] }] })], ['10.0.0.9']],
    ['no endpoint without an address', [slice({ endpoints: [{ addresses: [] }] })], []],
  ];
  for (const [what, slices, expected] of lists) {
    it(`are ${what}`, () => {
      const instances = instancesOf('room', slices, names);

      assert.deepEqual(
        instances.map(({ id }) => id),
        expected,
      );
    });
  }

  const ports: [what: string, ports: readonly object[], endpoints: Record<string, string>][] = [
    [
      'by its name, as rpc and as http',
      [{ name: 'grpc', port: 80 }],
      { grpc: 'http://10.0.0.1:80', rpc: 'http://10.0.0.1:80', http: 'http://10.0.0.1:80' },
    ],
    ['without a name', [{ port: 80 }], { rpc: 'http://10.0.0.1:80', http: 'http://10.0.0.1:80' }],
    [
      'of several by their names',
      [
        { name: 'rpc', port: 80 },
        { name: 'admin', port: 81 },
      ],
      { rpc: 'http://10.0.0.1:80', admin: 'http://10.0.0.1:81' },
    ],
    [
      'with TLS by its protocol',
      [
        { name: 'rpc', port: 80, appProtocol: 'https' },
        { name: 'x', port: 81, appProtocol: 'kubernetes.io/wss' },
      ],
      { rpc: 'https://10.0.0.1:80', x: 'https://10.0.0.1:81' },
    ],
    [
      'of TCP by its name',
      [
        { name: 'rpc', port: 80 },
        { name: 'tcp-echo', port: 81 },
      ],
      { rpc: 'http://10.0.0.1:80', 'tcp-echo': 'tcp://10.0.0.1:81' },
    ],
  ];
  for (const [what, given, expected] of ports) {
    it(`have a port ${what}`, () => {
      const [instance] = instancesOf('room', [slice({ ports: given, endpoints: [pod('a', '10.0.0.1')] })], names);

      assert.deepEqual(instance?.endpoints, expected);
    });
  }

  it('have one address of two families, the ports of all slices, and facts of the place', () => {
    const place = { zone: 'eu-1a', nodeName: 'node-7' };
    const slices = [
      slice({ name: 's6', addressType: 'IPv6', endpoints: [{ ...pod('a', 'fd00::1'), ...place }] }),
      slice({ name: 's4', endpoints: [{ ...pod('a', '10.0.0.1'), ...place }] }),
      slice({ name: 's4b', ports: [{ name: 'admin', port: 81 }], endpoints: [{ ...pod('a', '10.0.0.1'), ...place }] }),
    ];

    const [instance, ...more] = instancesOf('room', slices, names);

    assert.deepEqual(more, []);
    assert.deepEqual(instance, {
      id: 'a',
      service: 'room',
      version: '1.2',
      lane: 'blue',
      weight: 1,
      endpoints: { rpc: 'http://10.0.0.1:80', admin: 'http://10.0.0.1:81' },
      metadata: { zone: 'eu-1a', node: 'node-7', pod: 'a' },
    });
  });

  it('have brackets around an address of IPv6', () => {
    const [instance] = instancesOf('room', [slice({ addressType: 'IPv6', endpoints: [pod('a', 'fd00::1')] })], names);

    assert.equal(instance?.endpoints.rpc, 'http://[fd00::1]:80');
  });

  it('are none of an object that is no slice of a service', () => {
    for (const value of [undefined, null, 7, {}, { metadata: { name: 'x' } }])
      assert.equal(parseSlice(value), undefined);
  });
});
