import assert from 'node:assert/strict';
import { test } from 'node:test';
import { p2cBalancer } from '../../src/discovery/index.ts';
import { type HedgePolicy, hedgePolicy } from '../../src/guard/index.ts';
import {
  bimodal,
  constant,
  logNormal,
  loopNode,
  openLoad,
  simulatedClient,
  simulation,
  station,
} from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { seeds } from './seeds.ts';

/** E7: ten nodes; one call in a hundred takes 500 ms wherever it goes. */
function stragglers(seed: number, hedge: HedgePolicy | undefined) {
  const world = simulation({ seed });
  const service = bimodal(logNormal(10, 0.3), constant(500), 0.01);
  const nodes = Array.from({ length: 10 }, (_, index) => {
    const dependency = station(world, { servers: 100, service });
    return loopNode(world, { cpu: logNormal(0.02, 0.5), dependency, name: `node-${index}` });
  });
  const balancer = p2cBalancer({ clock: world.clock, random: world.random });
  balancer.update(snapshotOf(nodes));
  const client = simulatedClient(world, {
    nodes: byName(nodes),
    balancer,
    ...(hedge === undefined ? {} : { hedge }),
  });
  const table = openLoad(world, { target: client, rate: 2000, timeoutMs: 2000, untilMs: 40_000 });
  world.run(42_000);
  return { client, latency: table.summary({ fromMs: 2000, untilMs: 40_000 }).latency };
}

for (const seed of seeds) {
  test(`with 1 % stragglers hedging takes the p99.9 to twice the p95 for 5 % more calls, seed ${seed}`, () => {
    const without = stragglers(seed, undefined);
    const { client, latency } = stragglers(seed, hedgePolicy());

    assert.ok(without.latency.p999 >= 500, `without hedging ${without.latency.p999}`);
    assert.ok(latency.p999 <= 2 * without.latency.p95, `p99.9 ${latency.p999}, p95 ${without.latency.p95}`);
    const extra = client.tries / client.calls - 1;
    assert.ok(extra <= 0.05 + 10 / client.calls, `${extra * 100} % more calls`);
  });

  test(`where more calls are slow than may be hedged, the slowest get their hedge a little later, seed ${seed}`, () => {
    const { client, latency } = stragglers(seed, hedgePolicy({ quantile: 0.9 }));

    assert.ok(latency.p999 <= 100, `p99.9 ${latency.p999}`);
    const extra = client.tries / client.calls - 1;
    assert.ok(extra <= 0.05 + 10 / client.calls, `${extra * 100} % more calls`);
  });
}
