import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rendezvousRank } from './rendezvous.ts';

const members = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `node-${index}` }));
const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

describe('rendezvous', () => {
  it('keeps the order of those who stay, whoever leaves or joins', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), fc.nat({ max: 39 }), (key, count, gone) => {
        const all = members(count);
        const left = all.filter((_, index) => index !== gone);

        assert.deepEqual(
          ids(rendezvousRank(key, left)),
          ids(rendezvousRank(key, all)).filter((id) => id !== `node-${gone}`),
        );
      }),
    );
  });

  it('does not depend on the order that it was given', () => {
    assert.deepEqual(rendezvousRank('client', members(30).reverse()), rendezvousRank('client', members(30)));
  });

  it('puts each first about as often', () => {
    const counts = new Map<string, number>();
    for (let client = 0; client < 10_000; client++) {
      const [first] = rendezvousRank(`client-${client}`, members(10));
      counts.set(first!.id, (counts.get(first!.id) ?? 0) + 1);
    }

    assert.equal(counts.size, 10);
    for (const count of counts.values()) assert.ok(count > 850 && count < 1_150, `${count}`);
  });
});
