import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ZoneState, zoneSplit } from './zone-split.ts';

const zones = (...weights: readonly number[]): ZoneState[] =>
  weights.map((weight, index) => ({ zone: 'abcdefgh'[index]!, weight, wellShare: 1 }));
const rounded = (shares: readonly number[]) => shares.map((share) => Math.round(share * 1000) / 1000);

describe('zoneSplit', () => {
  const table: readonly {
    title: string;
    zones: readonly ZoneState[];
    own: string;
    callers?: Readonly<Record<string, number>>;
    shares: readonly number[];
  }[] = [
    { title: 'keeps all where the zones are equal', zones: zones(4, 4, 4), own: 'b', shares: [0, 1, 0] },
    { title: 'keeps all where the own zone is larger', zones: zones(6, 3, 1), own: 'a', shares: [1, 0, 0] },
    { title: 'lets go what is too much, to who has more', zones: zones(6, 3, 1), own: 'b', shares: [0.1, 0.9, 0] },
    { title: 'lets go most of it where there is little', zones: zones(6, 3, 1), own: 'c', shares: [0.7, 0, 0.3] },
    {
      title: 'shares out by how much more they have',
      zones: zones(5, 4, 0.9, 0.1),
      own: 'd',
      shares: [0.6, 0.36, 0, 0.04],
    },
    { title: 'goes elsewhere where the own zone has nobody', zones: zones(5, 5), own: 'x', shares: [0.5, 0.5] },
    { title: 'stays where nobody else is', zones: zones(5), own: 'a', shares: [1] },
    {
      title: 'knows that few callers need few instances',
      zones: zones(6, 3, 1),
      own: 'c',
      callers: { a: 60, b: 30, c: 10 },
      shares: [0, 0, 1],
    },
    {
      title: 'takes a zone of which three quarters are well for whole',
      zones: [{ zone: 'a', weight: 4, wellShare: 0.75 }, ...zones(0, 4, 4).slice(1)],
      own: 'a',
      shares: [1, 0, 0],
    },
    {
      title: 'leaves a zone in which nobody is well',
      zones: [{ zone: 'a', weight: 4, wellShare: 0 }, ...zones(0, 4, 4).slice(1)],
      own: 'a',
      shares: [0, 0.5, 0.5],
    },
    {
      title: 'lets half of what fails go from a zone in which half are well',
      zones: [{ zone: 'a', weight: 5, wellShare: 0.5 }, ...zones(0, 5, 5).slice(1)],
      own: 'a',
      shares: [0.778, 0.111, 0.111],
    },
    {
      title: 'stays where nobody anywhere is well',
      zones: zones(3, 3).map((zone) => ({ ...zone, wellShare: 0 })),
      own: 'a',
      shares: [1, 0],
    },
  ];
  for (const { title, zones: list, own, callers, shares } of table) {
    it(title, () => {
      assert.deepEqual(rounded(zoneSplit(list, { own, callers, overProvisioning: 1.4 })), shares);
    });
  }

  it('brings all instances to the same load where the callers are as it was told', () => {
    const weight = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(fc.array(fc.tuple(weight, weight), { minLength: 1, maxLength: 6 }), (pairs) => {
        const list = zones(...pairs.map(([instances]) => instances));
        const callers = Object.fromEntries(list.map(({ zone }, index) => [zone, pairs[index]![1]]));
        const loads = list.map(() => 0);
        for (const { zone } of list) {
          const split = zoneSplit(list, { own: zone, callers, overProvisioning: 1.4 });
          assert.ok(Math.abs(split.reduce((sum, share) => sum + share) - 1) < 1e-9);
          for (const [index, share] of split.entries()) loads[index]! += share * callers[zone]!;
        }
        const perInstance = loads.map((load, index) => load / list[index]!.weight);
        const mean = loads.reduce((sum, load) => sum + load) / list.reduce((sum, one) => sum + one.weight, 0);
        for (const load of perInstance) assert.ok(Math.abs(load / mean - 1) < 1e-6, `${perInstance}`);
      }),
    );
  });
});
