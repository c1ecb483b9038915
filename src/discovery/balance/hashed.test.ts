import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallHead, defaultFields } from '../../call/index.ts';
import type { MakeBalancer } from '../balancer.ts';
import { balancerContract, Fixture, failed, head, nodes, ok } from './balancer.contract.ts';
import { type HashedOptions, type HashKey, hashed } from './hashed.ts';

const byTenant = (options: HashedOptions = {}): MakeBalancer => hashed({ key: 'tenant', ...options });

balancerContract('hashed', byTenant());
balancerContract('hashed, without a key', hashed());

const tenants = Array.from({ length: 2_000 }, (_, index) => `tenant-${index}`);

/** Where each of the keys is, when a call of each is under way. */
function place(fixture: Fixture, keys: readonly string[]): Map<string, string> {
  const picks = keys.map((tenant) => ({ tenant, pick: fixture.pick({ tenant }) }));
  for (const { pick } of picks) pick.done(ok());
  return new Map(picks.map(({ tenant, pick }) => [tenant, pick.node.id]));
}

function movedShare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  let moved = 0;
  for (const [key, id] of before) if (after.get(key) !== id) moved++;
  return moved / before.size;
}

describe('hashed', () => {
  it('sends calls with the same key to the same instance, one after the other', () => {
    const fixture = new Fixture(byTenant(), nodes(10));

    const owners = new Set(
      Array.from({ length: 100 }, () => {
        const pick = fixture.pick({ tenant: 'acme' });
        pick.done(ok());
        return pick.node.id;
      }),
    );

    assert.equal(owners.size, 1);
  });

  it('agrees with another client that has the same list in another order', () => {
    const one = new Fixture(byTenant({ loadFactor: Number.POSITIVE_INFINITY }), nodes(10));
    const other = new Fixture(byTenant({ loadFactor: Number.POSITIVE_INFINITY }), nodes(10).reverse());

    assert.deepEqual(place(one, tenants), place(other, tenants));
  });

  for (const hot of [1, 3, 2_000]) {
    it(`keeps every instance within 1.25 times its part, rounded up, where ${hot} keys make all calls`, () => {
      const fixture = new Fixture(byTenant(), nodes(10));
      const counts = new Map<string, number>();

      for (let call = 1; call <= 2_000; call++) {
        const { id } = fixture.pick({ tenant: tenants[call % hot]! }).node;
        counts.set(id, (counts.get(id) ?? 0) + 1);
        const bound = Math.ceil((1.25 * call) / 10);
        assert.ok((counts.get(id) ?? 0) <= bound, `call ${call}: ${counts.get(id)}, bound ${bound}`);
      }
    });
  }

  it('bounds by weight', () => {
    const fixture = new Fixture(
      byTenant(),
      nodes(4, (index) => ({ weight: index === 0 ? 3 : 1 })),
    );
    const counts: Record<string, number> = {};

    for (let call = 0; call < 600; call++) {
      const { id } = fixture.pick({ tenant: 'hot' }).node;
      counts[id] = (counts[id] ?? 0) + 1;
    }

    for (const [id, count] of Object.entries(counts))
      assert.ok(count <= Math.ceil(1.25 * (id === 'room-0' ? 300 : 100)), JSON.stringify(counts));
  });

  it('sends all of a hot key to one instance without a bound', () => {
    const fixture = new Fixture(byTenant({ loadFactor: Number.POSITIVE_INFINITY }), nodes(10));

    const owners = new Set(Array.from({ length: 500 }, () => fixture.pick({ tenant: 'hot' }).node.id));

    assert.equal(owners.size, 1);
  });

  // Of the keys 1/n have to move; others move because the bound is reached elsewhere: of the order of 1/(0.25)² / n by theory.
  for (const count of [5, 10, 50]) {
    it(`moves no more than 6/n of the keys under way when one of ${count} leaves or joins`, () => {
      const few = place(new Fixture(byTenant(), nodes(count)), tenants);
      const more = place(new Fixture(byTenant(), nodes(count + 1)), tenants);

      assert.ok(movedShare(few, more) <= 6 / (count + 1), `joined: ${movedShare(few, more) * (count + 1)} / n`);
      assert.ok(movedShare(more, few) <= 6 / count, `left: ${movedShare(more, few) * count} / n`);
    });
  }

  it('passes the calls of one that is not well on to the same other one, and gives them back', async () => {
    const fixture = new Fixture(byTenant(), nodes(5));
    const owner = fixture.pick({ tenant: 'acme' });
    owner.done(failed('unavailable', 'CONNECT_FAILED'));
    const next = () => {
      const pick = fixture.pick({ tenant: 'acme' });
      pick.done(ok());
      return pick.node.id;
    };

    const meanwhile = new Set(Array.from({ length: 50 }, next));
    await fixture.clock.advance(1_001);
    const after = new Set(Array.from({ length: 50 }, next));

    assert.equal(meanwhile.size, 1);
    assert.ok(!meanwhile.has(owner.node.id));
    assert.deepEqual([...after], [owner.node.id]);
  });

  it('does not count calls that end at instances which have left', () => {
    const fixture = new Fixture(byTenant(), nodes(2));
    const picks = tenants.slice(0, 100).map((tenant) => fixture.pick({ tenant }));
    fixture.update(nodes(4, () => ({ endpoints: { rpc: 'http://127.0.0.1:9' } })));
    for (const pick of picks) pick.done(ok());

    const counts: Record<string, number> = {};
    for (let call = 0; call < 400; call++) {
      const { id } = fixture.pick({ tenant: 'hot' }).node;
      counts[id] = (counts[id] ?? 0) + 1;
    }

    for (const count of Object.values(counts)) assert.ok(count <= 125, JSON.stringify(counts));
  });

  const keys: readonly (readonly [string, HashKey, Partial<CallHead>])[] = [
    ['the route key', 'route', { routeKey: 'seven' }],
    ['the principal', 'principal', { fields: { ...defaultFields, principal: 'seven' } }],
    [
      'a member of the baggage',
      { baggage: 'room' },
      { fields: { ...defaultFields, baggage: new Map([['room', 'seven']]) } },
    ],
    ['a function of the head', ({ method }) => method, { method: 'seven' }],
  ];
  for (const [what, key, change] of keys) {
    it(`takes ${what} for the key`, () => {
      const fixture = new Fixture(hashed({ key }), nodes(20));
      const tenant = new Fixture(byTenant(), nodes(20)).pick({ tenant: 'seven' });

      for (let call = 0; call < 20; call++) {
        const pick = fixture.balancer.pick({ ...head, ...change });
        pick.done(ok());
        assert.equal(pick.node.id, tenant.node.id);
      }
    });
  }

  it('refuses options out of their range', () => {
    for (const loadFactor of [1, 0.5, 101, Number.NaN]) assert.throws(() => hashed({ loadFactor }), /loadFactor is/);
    const hooks = { clock: new Fixture(byTenant(), nodes(1)).clock, onOutlier: () => {} };
    assert.throws(() => hashed({ points: 0 })(hooks), /points is 0/);
    assert.throws(() => hashed({ panicBelow: 2 })(hooks), /hashed: panicBelow is 2/);
  });
});
