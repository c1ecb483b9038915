import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CallHead, defaultFields } from '../call/index.ts';
import { is } from '../errors/index.ts';
import { virtualClock } from '../testing/index.ts';
import { p2cBalancer } from './balance/p2c.ts';
import type { Balancer } from './balancer.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { type LaneBalancerOptions, laneBalancer } from './lane-balancer.ts';
import { instanceOf } from './registry.contract.ts';
import type { Instance, Snapshot } from './registry.ts';

const callIn = (lane: string): CallHead => ({
  service: 'room',
  method: 'Get',
  sizeBytes: 0,
  timeoutMs: undefined,
  fields: { ...defaultFields, lane },
});

/** Takes the first instance, and notes what it is told. */
class First implements Balancer {
  readonly updates: (readonly string[])[] = [];
  readonly settings: unknown[] = [];
  readonly ejected = 1;
  #instances: readonly Instance[] = [];

  update({ instances }: Snapshot): void {
    this.#instances = instances;
    this.updates.push(instances.map(({ id }) => id));
  }

  pick() {
    return { node: this.#instances[0]!, done: () => {} };
  }

  applySettings(settings: object): void {
    if ('bad' in settings) throw new RangeError('bad');
    this.settings.push(settings);
  }
}

function lanesOf(options: LaneBalancerOptions = {}) {
  const made: First[] = [];
  const balancer = laneBalancer(() => {
    const one = new First();
    made.push(one);
    return one;
  }, options);
  let revision = 0;
  /** `'b:blue'` is instance b of lane blue. */
  const update = (...instances: readonly string[]) =>
    balancer.update({ service: 'room', revision: ++revision, instances: instances.map(parse) });
  const pick = (lane: string) => balancer.pick(callIn(lane)).node.id;
  return { balancer, made, update, pick };
}

function parse(text: string): Instance {
  const [id = '', lane = '', weight = '1'] = text.split(':');
  return instanceOf(id, { lane, weight: Number(weight) });
}

const isNobody = (pattern: RegExp) => (error: unknown) =>
  is(error, DiscoveryErrors.NO_INSTANCES) && pattern.test(String(error));

describe('lanes', () => {
  it('send a call to its lane, else to the baseline, and one of no lane never to a lane', () => {
    const { update, pick } = lanesOf();
    update('a', 'b:blue', 'g:green');

    const picked = ['', 'blue', 'green', 'red'].map(pick);

    assert.deepEqual(picked, ['a', 'b', 'g', 'a']);
  });

  it('fall to the baseline with the list in which the lane is gone, and come back', () => {
    const { update, pick } = lanesOf();
    update('a', 'b:blue');
    const before = pick('blue');

    update('a');
    const without = pick('blue');
    update('a', 'c:blue');

    assert.deepEqual([before, without, pick('blue')], ['b', 'a', 'c']);
  });

  it('take a lane whose instances all have weight 0 for one that is gone', () => {
    const { update, pick } = lanesOf();

    update('a', 'b:blue:0');

    assert.equal(pick('blue'), 'a');
  });

  it('refuse a call of no lane where only lanes are there, and name them', () => {
    const { update, pick } = lanesOf();

    update('b:blue', ...Array.from({ length: 9 }, (_, index) => `n${index}:lane-${index}`));

    assert.throws(() => pick(''), isNobody(/no instance of "room" in the baseline \(.*lane "blue".* and 5 more\)/));
    assert.throws(() => pick('red'), isNobody(/in lane "red" or the baseline/));
  });

  it('refuse a call without fallback where they are strict', () => {
    const { update, pick } = lanesOf({ isStrict: true });

    update('a', 'b:blue');

    assert.deepEqual([pick(''), pick('blue')], ['a', 'b']);
    assert.throws(() => pick('red'), isNobody(/no instance of "room" in lane "red" \(there are some in the baseline/));
  });

  it('make the balancer of a lane with its first call, and none for a lane that nobody has', () => {
    const { made, update, pick } = lanesOf();
    update('a', 'b:blue', 'g:green');
    const atStart = made.length;

    for (let call = 0; call < 3; call++) pick('blue');
    for (let call = 0; call < 100; call++) pick(`stranger-${call}`);

    assert.deepEqual([atStart, made.length], [1, 2]);
    assert.deepEqual(made[1]?.updates, [['b']]);
  });

  it('keep what a balancer knows while its lane is there, and drop it with the lane', () => {
    const { balancer, made, update, pick } = lanesOf();
    update('a', 'b:blue');
    pick('blue');

    update('a', 'b:blue', 'c:blue');
    const together = balancer.ejected;
    update('a');

    assert.deepEqual(made[1]?.updates, [['b'], ['b', 'c']]);
    assert.deepEqual([together, balancer.ejected], [2, 1]);
  });

  it('pass settings on to all balancers, those to come too, and none that is refused', () => {
    const { balancer, made, update, pick } = lanesOf();
    update('a', 'b:blue', 'g:green');
    pick('blue');

    balancer.applySettings({ intervalMs: 5 });
    assert.throws(() => balancer.applySettings({ bad: 1 } as object), RangeError);
    pick('green');

    assert.deepEqual(
      made.map(({ settings }) => settings),
      [[{ intervalMs: 5 }], [{ intervalMs: 5 }], [{ intervalMs: 5 }]],
    );
  });

  it('hold for any lists and calls: a lane with instances serves itself, and nobody else serves it', () => {
    const lane = fc.constantFrom('', 'blue', 'green', 'red');
    const list = fc.array(fc.record({ lane, weight: fc.integer({ min: 0, max: 2 }) }), { maxLength: 8 });
    const step = fc.record({ list: fc.option(list, { nil: undefined }), lane });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const balancer = laneBalancer(() => p2cBalancer({ random: () => 0.4, clock: virtualClock() }));
        let instances: readonly Instance[] = [];
        for (const [revision, { list: next, lane: wanted }] of steps.entries()) {
          if (next !== undefined) {
            instances = next.map((one, index) => instanceOf(`room-${index}`, one));
            balancer.update({ service: 'room', revision, instances });
          }
          const has = (name: string) => instances.some((one) => one.lane === name && one.weight > 0);
          const expected = has(wanted) ? wanted : has('') ? '' : undefined;
          if (expected === undefined) assert.throws(() => balancer.pick(callIn(wanted)), isNobody(/./));
          else assert.equal(balancer.pick(callIn(wanted)).node.lane, expected);
        }
      }),
    );
  });
});
