import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HashRing, type RingMember } from './hash-ring.ts';
import { murmur3 } from './murmur3.ts';

const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}`);

function members(count: number, weightOf: (index: number) => number = () => 1): RingMember<string>[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `node-${index}`,
    weight: weightOf(index),
    value: `node-${index}`,
  }));
}

function ringOf(list: readonly RingMember<string>[], points?: number): HashRing<string> {
  const ring = new HashRing<string>(points === undefined ? {} : { points });
  ring.update(list);
  return ring;
}

function shares(ring: HashRing<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[ring.ownerOf(key)!] = (counts[ring.ownerOf(key)!] ?? 0) + 1;
  return counts;
}

/** How many of the keys have another owner, and how many of those do not go to or come from `who`. */
function moved(from: HashRing<string>, to: HashRing<string>, who: string): { moved: number; astray: number } {
  let count = 0;
  let astray = 0;
  for (const key of keys) {
    const [before, after] = [from.ownerOf(key), to.ownerOf(key)];
    if (before === after) continue;
    count++;
    if (before !== who && after !== who) astray++;
  }
  return { moved: count, astray };
}

describe('a hash ring', () => {
  it('has no owner without members, and one where there is one', () => {
    assert.equal(ringOf([]).ownerOf('key'), undefined);
    assert.equal(ringOf(members(1)).ownerOf('key'), 'node-0');
  });

  for (const count of [2, 10, 50]) {
    it(`gives each of ${count} members between 0.7 and 1.4 times its part of the keys`, () => {
      const counts = Object.values(shares(ringOf(members(count))));

      assert.equal(counts.length, count);
      const mean = keys.length / count;
      for (const part of counts) assert.ok(part > 0.7 * mean && part < 1.4 * mean, `${part} of ${mean}`);
    });

    it(`moves only the keys of the one of ${count} who leaves, and gives a newcomer its part only`, () => {
      const all = ringOf(members(count));
      const more = ringOf(members(count + 1));

      const change = moved(all, more, `node-${count}`);

      assert.equal(change.astray, 0);
      assert.ok(change.moved < (1.4 * keys.length) / (count + 1), `${change.moved} of ${keys.length}`);
    });
  }

  it('gives parts by weight', () => {
    const counts = shares(ringOf(members(3, (index) => index + 1)));

    for (const index of [0, 1, 2]) {
      const due = (keys.length * (index + 1)) / 6;
      const part = counts[`node-${index}`] ?? 0;
      assert.ok(part > 0.75 * due && part < 1.3 * due, `${part} of ${due}`);
    }
  });

  it('is the same whatever way it came about', () => {
    const step = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 3 })), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const ring = new HashRing<string>({ points: 20 });
        let list: RingMember<string>[] = [];
        for (const one of steps) {
          list = [...new Map(one)].map(([index, weight]) => ({ id: `n${index}`, weight, value: `n${index}` }));
          ring.update(list);
        }

        const fresh = ringOf(list, 20);

        assert.equal(ring.size, fresh.size);
        for (const key of keys.slice(0, 300)) assert.equal(ring.ownerOf(key), fresh.ownerOf(key));
      }),
      { numRuns: 100 },
    );
  });

  it('finds the first point at or after the key, as one who looks at all of them', () => {
    const list = members(5);
    const ring = ringOf(list, 4);
    const points = list.flatMap(({ id }) =>
      Array.from({ length: 4 }, (_, point) => ({ id, at: murmur3(id, Math.imul(point, 0x9e3779b9)) })),
    );
    points.sort((a, b) => a.at - b.at);

    for (const key of keys.slice(0, 2_000)) {
      const owner = points.find(({ at }) => at >= murmur3(key)) ?? points[0]!;
      assert.equal(ring.ownerOf(key), owner.id);
    }
  });

  it('takes the first of several with one id', () => {
    const [member] = members(1);
    const ring = ringOf([member!, { ...member!, value: 'other' }]);

    assert.equal(ring.ownerOf('key'), 'node-0');
    assert.equal(ring.size, 100);
  });

  it('takes the new value of a member that stays', () => {
    const ring = ringOf(members(2));

    ring.update(members(2).map((member) => ({ ...member, value: `new ${member.id}` })));

    assert.match(ring.ownerOf('key')!, /^new /);
  });

  it('refuses a number of points that makes no sense', () => {
    for (const points of [0, 1.5, 20_000])
      assert.throws(() => new HashRing({ points }), /points is .* from 1 to 10000/);
  });
});
