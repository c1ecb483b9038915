import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callHead, type Random } from '../../src/testing/index.ts';
import { guarded } from './guarded.ts';
import { run } from './overload-scenario.ts';
import { seeds } from './seeds.ts';

/**
 * E3 where few calls run at a time: nearly all of the load can be shed, and what cannot finds its place. At ten times the
 * capacity these alone are 60 % of it: chance fills five connections with them now and then.
 */
const anyCall = (random: Random, timeoutMs: number | undefined) => {
  const priority = random() < 0.06 ? 'default' : 'sheddable';
  return callHead({ priority, principal: `user-${Math.floor(random() * 2000)}`, timeoutMs });
};

for (const seed of seeds) {
  for (const { factor, atLeast } of [
    { factor: 5, atLeast: 0.99 },
    { factor: 10, atLeast: 0.95 },
  ]) {
    test(`five connections at ${factor} times their capacity serve the 6 % of calls that matter, seed ${seed}`, () => {
      const { table } = run(
        { kind: 'io', meanMs: 20, servers: 5, seed, policy: guarded, head: anyCall },
        factor,
        30_000,
      );
      const settled = { fromMs: 3000, untilMs: 30_000 };
      const by = table.by('priority', settled);
      const { good, sent } = by.get('default')!;

      assert.ok(good >= atLeast * sent, `default ${good} of ${sent}`);
      const { goodput } = table.summary(settled);
      assert.ok(goodput >= 0.85 * 250, `goodput ${goodput} of 250`);
    });
  }
}
