import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CallHead, defaultFields, type Outcome } from '../../call/index.ts';
import { is, StatusError } from '../../errors/index.ts';
import { seededRandom, type VirtualClock, virtualClock } from '../../testing/index.ts';
import type { Balancer, BalancerHooks, MakeBalancer, Pick } from '../balancer.ts';
import { DiscoveryErrors } from '../discovery-errors.ts';
import { instanceOf } from '../registry.contract.ts';
import type { Instance } from '../registry.ts';

export const head: CallHead = {
  service: 'room',
  method: 'Get',
  sizeBytes: 0,
  timeoutMs: undefined,
  fields: defaultFields,
};

export const ok = (durationMs = 5): Outcome => ({ error: undefined, durationMs });
export const failed = (code: 'unavailable' | 'internal' | 'canceled' = 'internal', reason?: string): Outcome => ({
  error: new StatusError(code, 'test', reason === undefined ? {} : { reason }),
  durationMs: 1,
});

export function nodes(count: number, change: (index: number) => Partial<Instance> = () => ({})): Instance[] {
  return Array.from({ length: count }, (_, index) => instanceOf(`room-${index}`, change(index)));
}

/** A balancer in a world of its own. */
export class Fixture {
  readonly clock: VirtualClock = virtualClock();
  readonly random = seededRandom(7);
  readonly balancer: Balancer;
  #revision = 0;

  constructor(make: MakeBalancer, instances: readonly Instance[], hooks: Partial<BalancerHooks> = {}) {
    this.balancer = make({ clock: this.clock, random: this.random, onOutlier: () => {}, ...hooks });
    this.update(instances);
  }

  update(instances: readonly Instance[]): void {
    this.balancer.update({ service: 'room', revision: ++this.#revision, instances });
  }

  pick(fields: Partial<CallHead['fields']> = {}, avoid?: readonly string[]): Pick {
    return this.balancer.pick({ ...head, fields: { ...defaultFields, ...fields } }, avoid);
  }

  /** So many calls one after the other, by node. `outcomeOf` says how each ends, at once. */
  counts(calls: number, outcomeOf: (id: string) => Outcome = () => ok(), avoid?: readonly string[]) {
    const counts: Record<string, number> = {};
    for (let call = 0; call < calls; call++) {
      const pick = this.pick(keyed(call), avoid);
      counts[pick.node.id] = (counts[pick.node.id] ?? 0) + 1;
      pick.done(outcomeOf(pick.node.id));
    }
    return counts;
  }

  /** Calls until this node has one. Those that others get say nothing of them. */
  pickOf(id: string): Pick {
    for (let call = 0; call < 10_000; call++) {
      const pick = this.pick(keyed(call));
      if (pick.node.id === id) return pick;
      pick.done(failed('canceled'));
    }
    throw new Error(`${id} got none of 10,000 calls`);
  }
}

/** For balancers that go by a key: here every call has another one. */
function keyed(call: number): Partial<CallHead['fields']> {
  return { tenant: `tenant-${call}`, principal: `user-${call}` };
}

const ids = (counts: Readonly<Record<string, number>>) => Object.keys(counts).sort();

/** What holds for every balancer, whatever it prefers. */
export function balancerContract(name: string, make: MakeBalancer): void {
  describe(`balancer contract: ${name}`, () => {
    it('says that there is nobody: before a list, of an empty one, and where all weights are 0', () => {
      const hasNone = (error: unknown) => is(error, DiscoveryErrors.NO_INSTANCES) && is(error, 'unavailable');
      const hooks = { clock: virtualClock(), onOutlier: () => {} };
      assert.throws(() => make(hooks).pick(head), hasNone);
      assert.throws(() => new Fixture(make, []).pick(), hasNone);
      assert.throws(
        () =>
          new Fixture(
            make,
            nodes(2, () => ({ weight: 0 })),
          ).pick(),
        hasNone,
      );
    });

    it('calls the only one there is, whatever it is like', () => {
      const fixture = new Fixture(make, nodes(1));

      assert.deepEqual(
        fixture.counts(20, () => failed('unavailable', 'CONNECT_FAILED')),
        { 'room-0': 20 },
      );
      assert.deepEqual(
        fixture.counts(5, () => ok(), ['room-0']),
        { 'room-0': 5 },
      );
    });

    it('calls each of them, and none of weight 0', () => {
      const fixture = new Fixture(
        make,
        nodes(4, (index) => ({ weight: index === 2 ? 0 : 1 })),
      );

      assert.deepEqual(ids(fixture.counts(400)), ['room-0', 'room-1', 'room-3']);
    });

    it('avoids those that the caller avoids while there are others, then takes one all the same', () => {
      const fixture = new Fixture(make, nodes(3));

      assert.deepEqual(ids(fixture.counts(60, () => ok(), ['room-0', 'room-2'])), ['room-1']);
      assert.equal(
        Object.values(fixture.counts(60, () => ok(), ['room-0', 'room-1', 'room-2'])).reduce((a, b) => a + b),
        60,
      );
    });

    it('leaves a node alone that could not be reached, then lets one call try it', async () => {
      const fixture = new Fixture(make, nodes(3));
      fixture.pickOf('room-1').done(failed('unavailable', 'CONNECT_FAILED'));

      const during = fixture.counts(200);
      await fixture.clock.advance(1_001);
      const probe = fixture.pickOf('room-1');
      const beside = fixture.counts(200);
      probe.done(ok());

      assert.equal(during['room-1'], undefined);
      assert.equal(beside['room-1'], undefined);
      assert.ok((fixture.counts(200)['room-1'] ?? 0) > 0);
    });

    it('ejects one that fails while the others do not, and says so', () => {
      const events: string[] = [];
      const fixture = new Fixture(make, nodes(3), {
        onOutlier: ({ node, kind }) => void events.push(`${kind} ${node}`),
      });

      fixture.counts(400, (id) => (id === 'room-1' ? failed('internal') : ok()));

      assert.deepEqual(events, ['ejected room-1']);
      assert.equal(fixture.balancer.ejected, 1);
      assert.equal(fixture.balancer.usable, 2);
      assert.equal(fixture.counts(200)['room-1'], undefined);
    });

    it('follows settings of ejection that come later', () => {
      const fixture = new Fixture(make, nodes(3));

      fixture.balancer.applySettings?.({ maxEjectedShare: 0 });
      fixture.counts(400, (id) => (id === 'room-1' ? failed('internal') : ok()));

      assert.equal(fixture.balancer.ejected, 0);
      assert.throws(() => fixture.balancer.applySettings?.({ slowFactor: 1 }), /slowFactor is 1/);
    });

    it('keeps what it learned of those that stay while the list grows and shrinks, and forgets one that moved', () => {
      const fixture = new Fixture(make, nodes(4));
      fixture.pickOf('room-1').done(failed('unavailable', 'CONNECT_FAILED'));

      fixture.update(nodes(6));
      assert.equal(fixture.counts(300)['room-1'], undefined);
      fixture.update(nodes(2));
      assert.deepEqual(fixture.counts(100), { 'room-0': 100 });
      fixture.update(nodes(3, (index) => (index === 1 ? { endpoints: { rpc: 'http://127.0.0.1:2' } } : {})));
      assert.ok((fixture.counts(1_000)['room-1'] ?? 0) > 0);
    });

    it('starts a newcomer with a small part of its share, and gives it all of it after the slow start', async () => {
      const fixture = new Fixture(make, nodes(4));
      await fixture.clock.advance(60_000);
      fixture.counts(100);
      fixture.update(nodes(5));

      const early = fixture.counts(4_000)['room-4'] ?? 0;
      await fixture.clock.advance(60_000);
      const late = fixture.counts(4_000)['room-4'] ?? 0;

      assert.ok(early > 0 && early < 0.25 * late, `${early}, then ${late} of 4,000`);
    });

    it('does not count a call that ended more than once', () => {
      const fixture = new Fixture(make, nodes(3));
      const { done } = fixture.pickOf('room-0');
      for (let n = 0; n < 100; n++) done(failed('internal'));

      assert.equal(fixture.balancer.ejected, 0);
      assert.equal(ids(fixture.counts(300)).length, 3);
    });

    it('uses also those that answer badly when more than half do, but not those that cannot be reached', () => {
      const fixture = new Fixture(make, nodes(6));
      for (const id of ['room-0', 'room-1', 'room-2']) fixture.pickOf(id).done(failed('unavailable'));
      assert.deepEqual(ids(fixture.counts(300)), ['room-3', 'room-4', 'room-5']);

      fixture.pickOf('room-5').done(failed('unavailable', 'CONNECT_FAILED'));
      const picks = Array.from({ length: 300 }, (_, call) => fixture.pick(keyed(call)));

      assert.deepEqual(
        [...new Set(picks.map(({ node }) => node.id))].sort(),
        [0, 1, 2, 3, 4].map((n) => `room-${n}`),
      );
    });

    it('picks a known node whatever happens, and none is lost for ever', async () => {
      const event = fc.oneof(
        fc.record({ kind: fc.constant('update' as const), count: fc.integer({ min: 1, max: 6 }) }),
        fc.record({
          kind: fc.constant('call' as const),
          outcome: fc.constantFrom(
            ok(),
            failed('unavailable'),
            failed('unavailable', 'CONNECT_FAILED'),
            failed(),
            failed('canceled'),
          ),
        }),
        fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 5_000 }) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(event, { maxLength: 60 }), fc.integer(), async (events, seed) => {
          const fixture = new Fixture(make, nodes(3), { random: seededRandom(seed) });
          let known = 3;
          for (const [call, step] of events.entries()) {
            if (step.kind === 'wait') await fixture.clock.advance(step.ms);
            else if (step.kind === 'update') {
              known = step.count;
              fixture.update(nodes(known));
            } else {
              const pick = fixture.pick(keyed(call));
              assert.ok(Number(pick.node.id.split('-')[1]) < known);
              pick.done(step.outcome);
            }
          }
          await fixture.clock.advance(600_000);
          // A call tries each that was ejected; then it starts slowly.
          fixture.counts(400);
          await fixture.clock.advance(60_000);
          assert.equal(ids(fixture.counts(400)).length, known);
        }),
        { numRuns: 30 },
      );
    });

    it('uses all when none can be reached', () => {
      const fixture = new Fixture(make, nodes(3));

      const counts = fixture.counts(90, () => failed('unavailable', 'CONNECT_FAILED'));

      assert.equal(ids(counts).length, 3);
    });
  });
}
