import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Claim, maxMinShares } from './max-min.ts';

const rate = fc.double({ min: 0, max: 1_000, noNaN: true });
const claim: fc.Arbitrary<Required<Claim>> = fc.record({
  wants: rate,
  guarantee: fc.oneof(fc.constant(0), rate),
  limit: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), rate),
  weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
});
const claims = fc.array(claim, { maxLength: 20 });

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const slack = 1e-6;

describe('maxMinShares', () => {
  const table: readonly { title: string; capacity: number; claims: readonly Claim[]; shares: readonly number[] }[] = [
    {
      title: 'gives what is wanted below the common level, and the level to the rest',
      capacity: 120,
      claims: [{ wants: 1000 }, { wants: 50 }, { wants: 10 }],
      shares: [60, 50, 10],
    },
    {
      title: 'gives all that is wanted where there is enough',
      capacity: 100,
      claims: [{ wants: 10 }, { wants: 20 }],
      shares: [10, 20],
    },
    { title: 'rises by weight', capacity: 90, claims: [{ wants: 100, weight: 2 }, { wants: 100 }], shares: [60, 30] },
    {
      title: 'starts at the guarantee',
      capacity: 100,
      claims: [{ wants: 100, guarantee: 70 }, { wants: 100 }, { wants: 100 }],
      shares: [70, 15, 15],
    },
    {
      title: 'lends what is guaranteed and not wanted',
      capacity: 100,
      claims: [{ wants: 20, guarantee: 70 }, { wants: 100 }],
      shares: [20, 80],
    },
    { title: 'stops at the limit', capacity: 100, claims: [{ wants: 90, limit: 30 }, { wants: 90 }], shares: [30, 70] },
    {
      title: 'divides by the guarantees where they exceed the capacity',
      capacity: 60,
      claims: [{ wants: 100, guarantee: 80 }, { wants: 100, guarantee: 40 }, { wants: 100 }],
      shares: [40, 20, 0],
    },
    { title: 'gives nothing of nothing', capacity: 0, claims: [{ wants: 5 }, { wants: 0 }], shares: [0, 0] },
    { title: 'takes nobody', capacity: 10, claims: [], shares: [] },
  ];
  for (const { title, capacity, claims, shares } of table) {
    it(title, () => {
      assert.deepEqual(maxMinShares(capacity, claims), shares);
    });
  }

  it('gives nobody more than wanted or allowed, all together never more than there is, and leaves nothing that is wanted', () => {
    fc.assert(
      fc.property(rate, claims, (capacity, claims) => {
        const shares = maxMinShares(capacity, claims);

        const wanted = sum(claims.map(({ wants, limit }) => Math.min(wants, limit)));
        for (const [index, { wants, limit }] of claims.entries()) {
          assert.ok(shares[index]! >= 0 && shares[index]! <= Math.min(wants, limit) + slack);
        }
        assert.ok(Math.abs(sum(shares) - Math.min(capacity, wanted)) <= slack, `${sum(shares)} of ${capacity}`);
      }),
    );
  });

  it('lets nobody gain without somebody who has less by weight losing', () => {
    fc.assert(
      fc.property(rate, claims, (capacity, claims) => {
        const shares = maxMinShares(capacity, claims);

        const floors = claims.map(({ wants, guarantee, limit }) => Math.min(wants, guarantee, limit));
        if (sum(floors) >= capacity) return;
        for (const [index, { wants, limit, weight }] of claims.entries()) {
          if (shares[index]! >= Math.min(wants, limit) - slack) continue;
          for (const [other, { weight: otherWeight }] of claims.entries()) {
            const canLose = shares[other]! > floors[other]! + slack;
            if (canLose) assert.ok(shares[other]! / otherWeight <= shares[index]! / weight + slack);
          }
        }
      }),
    );
  });

  it('gives everybody the guarantee that is wanted, where all guarantees together are within the capacity', () => {
    fc.assert(
      fc.property(rate, claims, (extra, claims) => {
        const floors = claims.map(({ wants, guarantee, limit }) => Math.min(wants, guarantee, limit));

        const shares = maxMinShares(sum(floors) + extra, claims);

        for (const [index, floor] of floors.entries()) assert.ok(shares[index]! >= floor - slack);
      }),
    );
  });
});
