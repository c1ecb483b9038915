import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../testing/index.ts';
import { balancerContract, Fixture, failed, nodes, ok } from './balancer.contract.ts';
import { roundRobin, weighted } from './in-turn.ts';

balancerContract('round robin', roundRobin());
balancerContract('weighted', weighted());

describe('round robin', () => {
  it('calls each once in a round, whatever the weights', () => {
    const fixture = new Fixture(
      roundRobin(),
      nodes(5, (index) => ({ weight: index + 1 })),
    );

    for (let round = 0; round < 20; round++) {
      assert.equal(Object.keys(fixture.counts(5)).length, 5);
    }
  });

  it('begins elsewhere for each client', () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const fixture = new Fixture(roundRobin(), nodes(5), { random: seededRandom(seed) });
      firsts.add(fixture.pick().node.id);
    }

    assert.equal(firsts.size, 5);
  });

  it('does not let one that rested catch up', async () => {
    const fixture = new Fixture(roundRobin(), nodes(3));
    fixture.pickOf('room-1').done({ ...ok(), error: undefined });
    const avoided = fixture.counts(300, () => ok(), ['room-1']);

    const after = fixture.counts(30);

    assert.equal(avoided['room-1'], undefined);
    assert.deepEqual(after, { 'room-0': 10, 'room-1': 10, 'room-2': 10 });
  });
});

describe('weighted', () => {
  it('is never more than two calls away from the shares that the weights say, at any moment', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 }),
        fc.integer({ min: 1, max: 300 }),
        (weights, calls) => {
          const fixture = new Fixture(
            weighted(),
            nodes(weights.length, (index) => ({ weight: weights[index]! })),
          );
          const counts = fixture.counts(calls);
          const total = weights.reduce((sum, weight) => sum + weight);
          for (const [index, weight] of weights.entries()) {
            const due = (calls * weight) / total;
            assert.ok(Math.abs((counts[`room-${index}`] ?? 0) - due) < 2.01, `weights ${weights}, ${calls} calls`);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps the shares of the others while a heavy one cannot be reached', () => {
    const weights = [100, 2, 1];
    const fixture = new Fixture(
      weighted(),
      nodes(3, (index) => ({ weight: weights[index]! })),
    );
    const gone = failed('unavailable', 'CONNECT_FAILED');

    const counts = fixture.counts(3_000, (id) => (id === 'room-0' ? gone : ok()));

    assert.ok((counts['room-0'] ?? 0) < 10, JSON.stringify(counts));
    assert.ok(Math.abs(counts['room-1']! / counts['room-2']! - 2) < 0.1, JSON.stringify(counts));
  });

  it('gives one whose weight was raised its turns at once', () => {
    const of = (weight: number) => nodes(3, (index) => (index === 2 ? { weight } : {}));
    const fixture = new Fixture(weighted(), of(0.001), { random: () => 0.9 });
    fixture.counts(10);

    fixture.update(of(1));

    assert.ok((fixture.counts(6)['room-2'] ?? 0) >= 1);
  });

  it('spreads the turns of the heaviest evenly', () => {
    const fixture = new Fixture(
      weighted(),
      nodes(3, (index) => ({ weight: index === 0 ? 2 : 1 })),
    );

    const order = Array.from({ length: 40 }, () => fixture.pick().node.id);

    assert.ok(!order.some((id, at) => id === 'room-0' && order[at + 1] === id && order[at + 2] === id), `${order}`);
  });
});
