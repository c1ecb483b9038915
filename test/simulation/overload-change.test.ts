import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guarded } from './guarded.ts';
import { capacityOf, type Ran, run, type Scenario } from './overload-scenario.ts';
import { seeds } from './seeds.ts';

/** E1 and E2, in time: what happens after a change of the load, or of what can be done. */
const io = (seed: number): Scenario => ({
  kind: 'io',
  meanMs: 20,
  servers: 20,
  seed,
  timeoutMs: 400,
  policy: guarded,
});
const cpu = (seed: number): Scenario => ({ kind: 'cpu', meanMs: 1, seed, timeoutMs: 400, policy: guarded });

/** Goodput by the capacity of the beginning. */
function share(scenario: Scenario, { table }: Ran, fromMs: number, untilMs: number): number {
  return table.summary({ fromMs, untilMs }).goodput / capacityOf(scenario);
}

const changes: readonly { name: string; change: (ran: Ran) => void; capacity: number }[] = [
  { name: 'half of the connections', change: ({ dependency }) => dependency?.setServers(10), capacity: 0.5 },
  { name: 'twice as many connections', change: ({ dependency }) => dependency?.setServers(40), capacity: 2 },
  { name: 'connections half as fast', change: ({ dependency }) => dependency?.setSlowness(2), capacity: 0.5 },
  { name: 'connections twice as fast', change: ({ dependency }) => dependency?.setSlowness(0.5), capacity: 2 },
];

for (const seed of seeds) {
  for (const { name, change, capacity } of changes) {
    test(`at three times the load, a dependency with ${name} is used up within 2 s, seed ${seed}`, () => {
      const scenario = io(seed);
      const ran = run(scenario, 3, 20_000, (world) => {
        world.world.clock.at(10_000, () => change(world));
      });

      assert.ok(share(scenario, ran, 4_000, 10_000) >= 0.9, `before ${share(scenario, ran, 4_000, 10_000)}`);
      const after = share(scenario, ran, 12_000, 20_000);
      assert.ok(after >= 0.85 * capacity, `after ${after} of ${capacity}`);
    });
  }

  for (const scenario of [io(seed), cpu(seed)]) {
    test(`${scenario.kind}: a spike of ten times the capacity costs 2 s, and leaves nothing behind, seed ${seed}`, () => {
      const steps = [
        { atMs: 0, perSecond: 0.7 },
        { atMs: 10_000, perSecond: 10 },
        { atMs: 20_000, perSecond: 0.7 },
      ];
      const ran = run(scenario, steps, 40_000);

      const during = share(scenario, ran, 12_000, 20_000);
      const after = ran.table.summary({ fromMs: 22_000, untilMs: 40_000 });
      assert.ok(during >= 0.7, `in the spike, after 2 s, ${during}`);
      assert.ok(after.good >= after.sent * 0.98, `2 s after the spike ${after.good} of ${after.sent}`);
    });

    test(`${scenario.kind}: a process that starts into ten times its capacity serves after 2 s, seed ${seed}`, () => {
      const ran = run(scenario, 10, 10_000);

      const served = share(scenario, ran, 2_000, 10_000);
      assert.ok(served >= 0.7, `${served}`);
    });
  }
}
