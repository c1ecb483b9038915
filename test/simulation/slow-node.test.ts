import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Balancer, p2cBalancer } from '../../src/discovery/index.ts';
import {
  logNormal,
  loopNode,
  openLoad,
  type Simulation,
  simulatedClient,
  simulation,
  station,
} from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { roundRobin } from './peers/round-robin.ts';
import { seeds } from './seeds.ts';

/** E5: of ten nodes with eight workers each, one takes ten times as long. Half of what they can do is asked of them. */
const meanMs = 10;
const workers = 8;
const perSecond = 10 * (workers / meanMs) * 1000 * 0.5;

function tenNodes(seed: number, slowness: number, balancerOf: (world: Simulation) => Balancer) {
  const world = simulation({ seed });
  const nodes = Array.from({ length: 10 }, (_, index) => {
    const work = station(world, { servers: workers, service: logNormal(meanMs, 1) });
    if (index === 3) work.setSlowness(slowness);
    return loopNode(world, { cpu: logNormal(0.02, 0.5), dependency: work, name: `node-${index}` });
  });
  const balancer = balancerOf(world);
  balancer.update(snapshotOf(nodes));
  const client = simulatedClient(world, { nodes: byName(nodes), balancer });
  const table = openLoad(world, { target: client, rate: perSecond, timeoutMs: 2000, untilMs: 20_000 });
  world.run(22_000);
  const settled = { fromMs: 5000, untilMs: 20_000 };
  const all = table.summary(settled);
  const slow = table.by('node', settled).get('node-3');
  return { p90: all.latency.p90, p99: all.latency.p99, slowShare: (slow?.sent ?? 0) / all.sent };
}

const p2c = ({ clock, random }: Simulation) => p2cBalancer({ clock, random });

for (const seed of seeds) {
  test(`one slow node of ten leaves the p99 at 1.5 times that of healthy nodes, seed ${seed}`, () => {
    const healthy = tenNodes(seed, 1, p2c);
    const ours = tenNodes(seed, 10, p2c);
    const peer = tenNodes(seed, 10, roundRobin);

    assert.ok(ours.p99 <= 1.5 * healthy.p99, `p99 ${ours.p99}, healthy ${healthy.p99}`);
    assert.ok(ours.slowShare <= 0.011, `the slow node got ${ours.slowShare * 100} %`);
    assert.ok(peer.p90 > 3 * healthy.p90, `p90 with round robin ${peer.p90}, healthy ${healthy.p90}`);
  });
}
