import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DnsNode, type DnsSource, lookupDns, systemDns } from './dns-lookup.ts';

type Services = Awaited<ReturnType<DnsSource['services']>>;

function sourceOf(answer: { addresses?: readonly string[]; services?: Services; code?: string }): DnsSource {
  const fail = () => Promise.reject(Object.assign(new Error('test'), { code: answer.code }));
  return {
    addresses: async () =>
      answer.addresses?.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })) ?? fail(),
    services: async () => answer.services ?? fail(),
  };
}

const record = (name: string, priority = 0, weight = 0, port = 80) => ({ name, priority, weight, port });
const node = (host: string, weight = 1, port = 80): DnsNode => ({ host, port, weight });

describe('lookupDns', () => {
  const hosts: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['sorts addresses, and has each once', ['10.0.0.2', '10.0.0.1', '10.0.0.2'], ['10.0.0.1', '10.0.0.2']],
    ['leaves IPv6 out where there is IPv4', ['::1', '10.0.0.1'], ['10.0.0.1']],
    ['takes IPv6 where there is nothing else', ['::2', '::1'], ['::1', '::2']],
  ];
  for (const [title, addresses, expected] of hosts) {
    it(title, async () => {
      const found = await lookupDns(sourceOf({ addresses }), 'room.internal', 80);

      assert.deepEqual(
        found,
        expected.map((address) => node(address)),
      );
    });
  }

  const services: readonly (readonly [string, Services, readonly DnsNode[]])[] = [
    [
      'takes the records of the first priority',
      [record('b', 2), record('a', 1), record('c', 1)],
      [node('a'), node('c')],
    ],
    ['takes names without their last dot', [record('a.example.')], [node('a.example')]],
    ['takes weights', [record('a', 0, 3), record('b', 0, 1)], [node('a', 3), node('b', 1)]],
    ['gives a weight of 0 a small chance', [record('a', 0, 100), record('b', 0, 0)], [node('a', 100), node('b', 0.1)]],
    [
      'scales weights beyond a thousand',
      [record('a', 0, 65_535), record('b', 0, 6_553.5)],
      [node('a', 1_000), node('b', 100)],
    ],
    [
      'knows two ports of a host as two',
      [record('a', 0, 0, 1), record('a', 0, 0, 2)],
      [node('a', 1, 1), node('a', 1, 2)],
    ],
    ['knows nobody where the service is decidedly away', [record('.')], []],
    ['knows nobody where there is no record', [], []],
  ];
  for (const [title, records, expected] of services) {
    it(title, async () => {
      assert.deepEqual(await lookupDns(sourceOf({ services: records }), '_rpc._tcp.room', undefined), expected);
    });
  }

  for (const code of ['ENOTFOUND', 'ENODATA']) {
    it(`knows nobody on ${code}`, async () => {
      assert.deepEqual(await lookupDns(sourceOf({ code }), 'room', 80), []);
    });
  }

  it('throws what says that DNS could not be asked', async () => {
    await assert.rejects(lookupDns(sourceOf({ code: 'EAI_AGAIN' }), 'room', 80), { code: 'EAI_AGAIN' });
  });

  it('finds this machine', async () => {
    const [found] = await lookupDns(systemDns, 'localhost', 80);

    assert.match(found?.host ?? '', /^(127\.0\.0\.1|::1)$/);
  });
});
