import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instance } from '../registry.ts';
import { balancerContract, Fixture, failed, nodes, ok } from './balancer.contract.ts';
import { roundRobin } from './in-turn.ts';
import { type ZoneAwareOptions, zoneAware } from './zone-aware.ts';

balancerContract('zone aware', zoneAware({ zone: '' }));
balancerContract('zone aware, in a zone without instances', zoneAware({ zone: 'elsewhere' }));

/** `inZones('aab')`: two instances in zone a, one in b. */
const inZones = (zones: string): Instance[] => nodes(zones.length, (index) => ({ metadata: { zone: zones[index]! } }));

function byZone(fixture: Fixture, zones: string, calls = 3_000): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [id, count] of Object.entries(fixture.counts(calls))) {
    const zone = zones[Number(id.split('-')[1])]!;
    counts[zone] = (counts[zone] ?? 0) + count;
  }
  return counts;
}

const fixtureOf = (zones: string, options: Partial<ZoneAwareOptions> = {}) =>
  new Fixture(zoneAware({ zone: 'a', ...options }), inZones(zones));

describe('zone aware', () => {
  it('stays in its own zone where that has its part of the instances', () => {
    assert.deepEqual(byZone(fixtureOf('aabbcc'), 'aabbcc'), { a: 3_000 });
  });

  it('lets the part go that its zone cannot take, to the zones that can take more', () => {
    const counts = byZone(fixtureOf('abbbbbcccc'), 'abbbbbcccc');

    // A tenth of the instances for a third of the callers: 30 % stay.
    assert.ok(Math.abs((counts.a ?? 0) - 900) < 100, JSON.stringify(counts));
    assert.ok((counts.b ?? 0) > 2 * (counts.c ?? 0), JSON.stringify(counts));
  });

  it('believes what it is told about the callers', () => {
    const callers = () => ({ a: 1, b: 5, c: 4 });

    assert.deepEqual(byZone(fixtureOf('abbbbbcccc', { callers }), 'abbbbbcccc'), { a: 3_000 });
  });

  it('leaves its zone when too many there are not well, and comes back', async () => {
    const fixture = fixtureOf('aaabbb');
    for (const id of ['room-0', 'room-1']) fixture.pickOf(id).done(failed('unavailable', 'CONNECT_FAILED'));

    const during = byZone(fixture, 'aaabbb');
    await fixture.clock.advance(1_001);
    fixture.counts(200);
    const after = byZone(fixture, 'aaabbb');

    // One of three: 1.4 / 3 of what three could do, which is 32 % of all, for half of the callers.
    assert.ok(Math.abs((during.a ?? 0) - 0.636 * 3_000) < 150, JSON.stringify(during));
    assert.deepEqual(after, { a: 3_000 });
  });

  it('tries those in its zone again when none of them was well', async () => {
    const fixture = fixtureOf('abb');
    fixture.pickOf('room-0').done(failed('unavailable', 'CONNECT_FAILED'));

    assert.equal(byZone(fixture, 'abb').a, undefined);
    await fixture.clock.advance(1_001);
    fixture.pickOf('room-0').done(ok());

    assert.ok((byZone(fixture, 'abb').a ?? 0) > 1_000);
  });

  it('goes to another zone with a retry that has been at all instances of its own', () => {
    const fixture = fixtureOf('aabb');

    const counts = fixture.counts(100, () => ok(), ['room-0', 'room-1']);

    assert.deepEqual(Object.keys(counts).sort(), ['room-2', 'room-3']);
  });

  it('uses zones by their size only in a panic', () => {
    const fixture = fixtureOf('aaaabbbb');
    for (const id of ['room-0', 'room-1', 'room-2', 'room-3', 'room-4']) fixture.pickOf(id).done(failed('unavailable'));

    // They say nothing of the instances, so that the panic goes on.
    const counts = fixture.counts(100, () => failed('canceled'));

    assert.deepEqual(Object.keys(counts).sort(), ['room-0', 'room-1', 'room-2', 'room-3']);
  });

  it('chooses within a zone as it is told, and goes by any property of an instance', () => {
    const inner = roundRobin();
    const fixture = fixtureOf('aaabbb', { inner, zone: 'b', zoneOf: ({ metadata }) => metadata.zone! });

    assert.deepEqual(fixture.counts(30), { 'room-3': 10, 'room-4': 10, 'room-5': 10 });
  });

  it('is connected to the zones that it calls', () => {
    assert.deepEqual(
      fixtureOf('aabb').balancer.nodes?.map(({ id }) => id),
      ['room-0', 'room-1'],
    );
    assert.equal(fixtureOf('abbb').balancer.nodes?.length, 4);
  });

  it('refuses options out of their range', () => {
    assert.throws(() => zoneAware({ zone: 'a', overProvisioning: 0.9 }), /overProvisioning is 0.9; .* from 1 to 10/);
    assert.throws(() => zoneAware({ zone: 'a', panicBelow: 1.1 }), /panicBelow is 1.1/);
  });
});
