import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HashedOptions, hashed } from '../../src/discovery/index.ts';
import {
  callHead,
  exponential,
  loopNode,
  openLoad,
  type Random,
  simulatedClient,
  simulation,
  station,
} from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { seeds } from './seeds.ts';

/**
 * Bar: bounded loads. Twenty nodes, a thousand keys of which a few are far more popular than the others (Zipf), about 320 calls
 * under way. A node joins at 15 s.
 */
const keys = 1_000;
const untilMs = 30_000;
const joinsAtMs = 15_000;

function zipf(): (random: Random) => string {
  const sums: number[] = [];
  let sum = 0;
  for (let key = 1; key <= keys; key++) {
    sum += 1 / key;
    sums.push(sum);
  }
  return (random) => {
    const at = random() * sum;
    let low = 0;
    let high = keys - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return `key-${low}`;
  };
}

function run(seed: number, options: HashedOptions) {
  const world = simulation({ seed });
  const { clock, random } = world;
  const nodes = Array.from({ length: 21 }, (_, index) =>
    loopNode(world, {
      name: `node-${index}`,
      cpu: exponential(0.02),
      dependency: station(world, { servers: 100, service: exponential(80) }),
    }),
  );
  const outlier = { maxEjectedShare: 0, slowStartMs: 0 };
  const balancer = hashed({ key: 'tenant', ...options })({ clock, random, onOutlier: () => {}, outlier });
  balancer.update(snapshotOf(nodes.slice(0, 20)));
  clock.at(joinsAtMs, () => balancer.update(snapshotOf(nodes)));
  const keyOf = zipf();
  const client = simulatedClient(world, { nodes: byName(nodes), balancer });
  const table = openLoad(world, {
    target: client,
    rate: 4_000,
    untilMs,
    head: (chance) => callHead({ tenant: keyOf(chance) }),
  });
  // The load of each, as time goes by.
  const loads = nodes.map(() => 0);
  for (let ms = 5_000; ms < joinsAtMs; ms += 10)
    clock.at(ms, () => {
      for (const [index, node] of nodes.entries()) loads[index]! += node.inFlight;
    });
  world.run(untilMs + 5_000);

  const homes = (fromMs: number, toMs: number) => {
    const best = new Map<string, { node: string; sent: number }>();
    for (const { name } of nodes) {
      for (const [key, { sent }] of table.by('tenant', { fromMs, untilMs: toMs, node: name })) {
        if (sent > (best.get(key)?.sent ?? 0)) best.set(key, { node: name, sent });
      }
    }
    return best;
  };
  const before = homes(5_000, joinsAtMs);
  const after = homes(joinsAtMs + 1_000, untilMs);
  let moved = 0;
  for (const [key, { node }] of before) if (after.has(key) && after.get(key)!.node !== node) moved++;
  const mean = loads.slice(0, 20).reduce((sum, load) => sum + load) / 20;
  return { skew: Math.max(...loads) / mean, movedShare: moved / before.size };
}

for (const seed of seeds) {
  test(`no node has more than 1.25 times its part, and a newcomer moves few keys, seed ${seed}`, () => {
    const bounded = run(seed, {});
    const unbounded = run(seed, { loadFactor: Number.POSITIVE_INFINITY });

    const said = `bounded ${JSON.stringify(bounded)}, unbounded ${JSON.stringify(unbounded)}`;
    assert.ok(bounded.skew <= 1.25, said);
    // 1/21 of the keys has to move; others do because the bound is reached elsewhere.
    assert.ok(bounded.movedShare <= 5 / 21, said);
    assert.ok(unbounded.movedShare <= 2 / 21, said);
    assert.ok(unbounded.skew > 2, said);
  });
}
