import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastInFlight, type MakeBalancer, p2cBalancer, roundRobin } from '../../src/discovery/index.ts';
import { exponential, loopNode, openLoad, simulatedClient, simulation } from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { seeds } from './seeds.ts';

/**
 * Bar: slow start. Nine warm nodes at 60 % of what ten can do; a tenth joins at 20 s, cold: its calls take five times as long,
 * and as long as the others' only eight seconds later, as code gets compiled and caches get filled.
 */
const meanMs = 5;
const joinsAtMs = 20_000;
const coldForMs = 8_000;
const untilMs = 50_000;
const perSecond = 10 * (1_000 / meanMs) * 0.6;

function run(seed: number, make: MakeBalancer, slowStartMs: number) {
  const world = simulation({ seed });
  const nodes = Array.from({ length: 10 }, (_, index) =>
    loopNode(world, { name: `node-${index}`, cpu: exponential(meanMs) }),
  );
  const { clock, random } = world;
  const balancer = make({ clock, random, onOutlier: () => {}, outlier: { slowStartMs, maxEjectedShare: 0 } });
  balancer.update(snapshotOf(nodes.slice(0, 9)));
  const newcomer = nodes[9]!;
  clock.at(joinsAtMs, () => balancer.update(snapshotOf(nodes)));
  for (let ms = 0; ms <= coldForMs; ms += 100)
    clock.at(joinsAtMs + ms, () => newcomer.setSlowness(5 - (4 * ms) / coldForMs));
  const client = simulatedClient(world, { nodes: byName(nodes), balancer });
  const table = openLoad(world, { target: client, rate: perSecond, timeoutMs: 10_000, untilMs });
  world.run(untilMs + 10_000);
  const during = { fromMs: joinsAtMs, untilMs: joinsAtMs + 10_000 };
  const share = (fromMs: number, toMs: number) => {
    const filter = { fromMs: joinsAtMs + fromMs, untilMs: joinsAtMs + toMs };
    return table.summary({ ...filter, node: 'node-9' }).sent / table.summary(filter).sent;
  };
  return {
    before: table.summary({ fromMs: 5_000, untilMs: joinsAtMs }).latency.p99,
    during: table.summary(during).latency.p99,
    newcomer: table.summary({ ...during, node: 'node-9' }).latency.p99,
    shares: [share(0, 2_000), share(4_000, 6_000), share(8_000, 10_000), share(15_000, 30_000)],
  };
}

const balancers: readonly (readonly [string, MakeBalancer])[] = [
  ['round robin', roundRobin()],
  ['least in flight', leastInFlight()],
  ['p2c', p2cBalancer],
];
for (const seed of seeds) {
  for (const [name, make] of balancers) {
    test(`a cold node starts slowly and nobody notices: ${name}, seed ${seed}`, () => {
      const { before, during, newcomer, shares } = run(seed, make, 10_000);

      const said = `p99 before ${before}, during ${during}, newcomer ${newcomer}, shares ${shares}`;
      assert.ok(during <= 1.5 * before, said);
      const [first = 0, second = 0, third = 0, last = 0] = shares;
      // A tenth is due to it in the end.
      assert.ok(first > 0 && first < 0.035 && first < second && second < third, said);
      assert.ok(Math.abs(last - 0.1) < 0.02, said);
      assert.ok(third < 0.12, said);
    });
  }

  test(`a cold node that gets its share at once makes calls wait for seconds, seed ${seed}`, () => {
    const { before, during } = run(seed, roundRobin(), 0);

    assert.ok(during > 5 * before, `p99 before ${before}, during ${during}`);
  });
}
