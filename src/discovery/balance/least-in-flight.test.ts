import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { balancerContract, Fixture, nodes, ok } from './balancer.contract.ts';
import { leastInFlight } from './least-in-flight.ts';

balancerContract('least in flight', leastInFlight());

describe('least in flight', () => {
  it('never lets two differ by more than one call', () => {
    const fixture = new Fixture(leastInFlight(), nodes(7));
    const counts: Record<string, number> = {};

    for (let call = 0; call < 100; call++) {
      const { id } = fixture.pick().node;
      counts[id] = (counts[id] ?? 0) + 1;
      const all = Object.values(counts);
      const least = all.length < 7 ? 0 : Math.min(...all);
      assert.ok(Math.max(...all) - least <= 1, JSON.stringify(counts));
    }
  });

  it('fills by weight', () => {
    const fixture = new Fixture(
      leastInFlight(),
      nodes(3, (index) => ({ weight: index + 1 })),
    );
    const counts: Record<string, number> = {};

    for (let call = 0; call < 60; call++) {
      const { id } = fixture.pick().node;
      counts[id] = (counts[id] ?? 0) + 1;
    }

    assert.deepEqual(counts, { 'room-0': 10, 'room-1': 20, 'room-2': 30 });
  });

  it('goes to whoever has just become free', () => {
    const fixture = new Fixture(leastInFlight(), nodes(5));
    const picks = Array.from({ length: 5 }, () => fixture.pick());

    picks[3]!.done(ok());

    assert.equal(fixture.pick().node.id, picks[3]!.node.id);
  });

  it('chooses among equals by chance', () => {
    const counts = new Fixture(leastInFlight(), nodes(4)).counts(4_000);

    for (const count of Object.values(counts)) assert.ok(count > 850 && count < 1_150, JSON.stringify(counts));
  });
});
