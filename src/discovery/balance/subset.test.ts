import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { balancerContract, Fixture, failed, nodes } from './balancer.contract.ts';
import { type SubsetOptions, subset } from './subset.ts';

balancerContract('subset', subset());

const fixtureOf = (count: number, options: SubsetOptions = {}) =>
  new Fixture(subset({ size: 10, clientId: 'gateway-1', ...options }), nodes(count));
const called = (fixture: Fixture) => Object.keys(fixture.counts(2_000)).sort();

describe('a subset', () => {
  it('is the whole list where that is not much longer', () => {
    assert.equal(called(fixtureOf(20)).length, 20);
    assert.equal(called(fixtureOf(21)).length, 10);
    assert.equal(called(fixtureOf(21, { above: 100 })).length, 21);
  });

  it('is the same for the same client, and another one for another', () => {
    const one = called(fixtureOf(100));

    assert.deepEqual(called(fixtureOf(100)), one);
    assert.notDeepEqual(called(fixtureOf(100, { clientId: 'gateway-2' })), one);
  });

  it('is what it says it is connected to', () => {
    const fixture = fixtureOf(100);

    assert.deepEqual(fixture.balancer.nodes?.map(({ id }) => id).sort(), called(fixture));
  });

  it('changes by one when one of them leaves, and by one at most when one joins', () => {
    const fixture = fixtureOf(100);
    const before = called(fixture);

    fixture.update(nodes(100).filter(({ id }) => id !== before[0]));
    const without = called(fixture);
    fixture.update(nodes(101).filter(({ id }) => id !== before[0]));
    const joined = new Fixture(
      subset({ size: 10, clientId: 'gateway-1' }),
      nodes(101).filter(({ id }) => id !== before[0]),
    );

    assert.deepEqual(
      without.filter((id) => before.includes(id)),
      before.slice(1),
    );
    assert.equal(without.length, 10);
    assert.ok(called(joined).filter((id) => !without.includes(id)).length <= 1);
  });

  it('gives each of the instances about as many clients', () => {
    const clients = new Map<string, number>();
    for (let client = 0; client < 1_000; client++) {
      const fixture = fixtureOf(100, { clientId: `client-${client}` });
      for (const { id } of fixture.balancer.nodes ?? []) clients.set(id, (clients.get(id) ?? 0) + 1);
    }

    // 100 on average; 4 deviations of a binomial.
    for (const [id, count] of clients) assert.ok(count > 60 && count < 140, `${id}: ${count}`);
  });

  it('takes others in while fewer than half of it are well, and lets them go when all are', async () => {
    const fixture = fixtureOf(100);
    const own = called(fixture);
    for (const id of own.slice(0, 6)) fixture.pickOf(id).done(failed('unavailable', 'CONNECT_FAILED'));

    const more = called(fixture);
    await fixture.clock.advance(1_001);
    fixture.counts(2_000);
    fixture.update(nodes(100));

    assert.deepEqual(
      more.filter((id) => own.includes(id)),
      own.slice(6),
    );
    assert.ok(more.length >= 10, `${more}`);
    assert.deepEqual(called(fixture), own);
  });

  it('keeps those that it took in while some are still ill', () => {
    const fixture = fixtureOf(100);
    const own = called(fixture);
    for (const id of own.slice(0, 6)) fixture.pickOf(id).done(failed('unavailable', 'CONNECT_FAILED'));
    const more = called(fixture);

    fixture.update(nodes(100));

    assert.deepEqual(called(fixture), more);
  });

  it('refuses options out of their range', () => {
    assert.throws(() => subset({ size: 0 }), /size is 0; give a number from 1 to 10000/);
    assert.throws(() => subset({ size: 10, above: 5 }), /above is 5/);
    assert.throws(() => subset({ size: 10, minWell: 11 }), /minWell is 11/);
  });
});
