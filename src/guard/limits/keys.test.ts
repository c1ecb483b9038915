import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { headOf } from './heads.fixture.ts';
import { byAddress, byMethod, byPrincipal, byTenant, networkOf } from './keys.ts';

describe('keys', () => {
  it('are undefined where the call does not say', () => {
    const head = headOf();

    assert.deepEqual([byTenant(head), byPrincipal(head), byAddress(head)], [undefined, undefined, undefined]);
    assert.equal(byAddress(headOf({}, { address: '' })), undefined, 'a Unix socket');
  });

  it('are the tenant, the user of a tenant, the method', () => {
    const head = headOf({ tenant: 'acme', principal: 'ann' });

    assert.equal(byTenant(head), 'acme');
    assert.notEqual(byPrincipal(head), byPrincipal(headOf({ tenant: 'other', principal: 'ann' })));
    assert.equal(byMethod(head), 'live.room.v1.RoomService/GetRoom');
  });
});

describe('byAddress', () => {
  for (const [address, network] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0000:0:0:0:0:FFFF:C000:0207', '192.0.2.7'],
    ['::fffe:c000:207', '0:0:0:0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['2001:DB8:0001:0002::1', '2001:db8:1:2'],
    ['2001:db8:0:2:3:4:5:6', '2001:db8:0:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['1::', '1:0:0:0'],
  ] as const) {
    it(`takes ${address} as ${network}`, () => {
      assert.equal(byAddress(headOf({}, { address })), network);
    });
  }

  it('gives all addresses of a /64 one key, and those of two networks two', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16));
    const four = fc.tuple(group, group, group, group);

    fc.assert(
      fc.property(four, four, four, (network, host, other) => {
        const key = networkOf([...network, ...host].join(':'));
        assert.equal(key, network.join(':'));
        assert.equal(networkOf([...network, ...other].join(':')), key);
        if (other.join() !== network.join()) assert.notEqual(networkOf([...other, ...host].join(':')), key);
      }),
    );
  });
});
