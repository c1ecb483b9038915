import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guarded } from './guarded.ts';
import { capacityOf, run } from './overload-scenario.ts';
import { seeds } from './seeds.ts';

/** A queue that grows slowly must not be taken for what calls take. */
for (const seed of seeds) {
  test(`a load that grows step by step beyond the capacity of a dependency leaves goodput, seed ${seed}`, () => {
    const scenario = { kind: 'io', meanMs: 20, seed, timeoutMs: 200, policy: guarded } as const;
    const rates = [0.5, 0.8, 1, 1.5, 2, 5];
    const steps = rates.map((perSecond, index) => ({ atMs: index * 5_000, perSecond }));

    const { table } = run(scenario, steps, 30_000);

    for (const { atMs, perSecond } of steps.slice(3)) {
      const { goodput } = table.summary({ fromMs: atMs + 2_000, untilMs: atMs + 5_000 });
      const share = goodput / capacityOf(scenario);
      assert.ok(share > 0.85, `at ${perSecond} times the capacity ${share} of it is answered in time`);
    }
  });
}
