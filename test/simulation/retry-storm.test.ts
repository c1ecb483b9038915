import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/errors/index.ts';
import { type RetryBudget, retryBudget, retryPolicy } from '../../src/guard/index.ts';
import {
  constant,
  type LoopNode,
  loopNode,
  openLoad,
  type SimulatedClient,
  type Simulation,
  simulatedClient,
  simulation,
} from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { plainRetries } from './peers/plain-retries.ts';
import { roundRobin } from './peers/round-robin.ts';
import { seeds } from './seeds.ts';

/** E4: what a back end that fails is asked in addition. */
const down = new StatusError('unavailable', 'the back end fails');

interface Rules {
  readonly retry: (world: Simulation) => ReturnType<typeof retryPolicy>;
  readonly budget?: () => RetryBudget;
}
const guarded: Rules = { retry: ({ random }) => retryPolicy({ random }), budget: () => retryBudget() };
const plain: Rules = { retry: plainRetries };

function client(world: Simulation, node: LoopNode, rules: Rules): SimulatedClient {
  const balancer = roundRobin();
  balancer.update(snapshotOf([node]));
  const budget = rules.budget?.();
  const retry = rules.retry(world);
  return simulatedClient(world, {
    nodes: byName([node]),
    balancer,
    retry,
    ...(budget === undefined ? {} : { budget }),
  });
}

/** A chain of `tiers` nodes, each the client of the next; the last one fails. Gives tries of the last per call. */
function amplification(seed: number, tiers: number, failing: number, rules: Rules): number {
  const world = simulation({ seed });
  const last = loopNode(world, { cpu: constant(0.1), name: 'last' });
  last.setFailing(failing, down);
  let next = client(world, last, rules);
  for (let tier = tiers - 1; tier > 0; tier--) {
    const node = loopNode(world, { cpu: constant(0.1), dependency: next, name: `tier-${tier}` });
    next = client(world, node, rules);
  }

  const table = openLoad(world, { target: next, rate: 200, timeoutMs: 2000, untilMs: 30_000 });
  world.run(35_000);

  return last.received / table.summary().sent;
}

const shares = [
  { failing: 0, plainAtLeast: 1, plainAtMost: 1 },
  { failing: 0.09, plainAtLeast: 1.08, plainAtMost: 1.12 },
  { failing: 0.3, plainAtLeast: 1.35, plainAtMost: 1.43 },
  { failing: 1, plainAtLeast: 3, plainAtMost: 3 },
];
for (const seed of seeds) {
  for (const { failing, plainAtLeast, plainAtMost } of shares) {
    test(`a back end that fails ${failing * 100} % is asked at most 1.1 times per call, seed ${seed}`, () => {
      const ours = amplification(seed, 1, failing, guarded);
      const without = amplification(seed, 1, failing, plain);

      // The reserve of ten tries is on top, once.
      assert.ok(ours <= 1.1 + 10 / 6000, `with a budget ${ours}`);
      assert.ok(without >= plainAtLeast && without <= plainAtMost, `without ${without}`);
    });
  }

  test(`three tiers over a back end that fails altogether ask it 1.33 times per call, not 27 times, seed ${seed}`, () => {
    const ours = amplification(seed, 3, 1, guarded);
    const without = amplification(seed, 3, 1, plain);

    assert.ok(ours <= 1.33, `with budgets ${ours}`);
    assert.ok(without >= 26.9, `without ${without}`);
  });
}
