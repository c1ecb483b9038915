import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance, MakeBalancer } from '../../src/discovery/index.ts';
import { p2cBalancer, zoneAware } from '../../src/discovery/index.ts';
import { StatusError } from '../../src/errors/index.ts';
import { exponential, loopNode, openLoad, type Results, simulatedClient, simulation } from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { seeds } from './seeds.ts';

/** Bar: uneven zones. Three zones have six, three and one node of 200 calls/s, and as many callers each. */
const sizes = { a: 6, b: 3, c: 1 } as const;
const zones = Object.keys(sizes) as (keyof typeof sizes)[];
const meanMs = 5;
const perZone = (10 * (1_000 / meanMs) * 0.5) / zones.length;
const untilMs = 40_000;

interface Outcome {
  /** The busiest node's load by the mean. */
  readonly skew: number;
  /** Of all calls, those that stayed in their zone. */
  readonly localShare: number;
}

function run(seed: number, make: (zone: string) => MakeBalancer, down = 0): Outcome {
  const world = simulation({ seed });
  const { clock, random } = world;
  const zoneOf = new Map<string, string>();
  const nodes = zones.flatMap((zone) =>
    Array.from({ length: sizes[zone] }, (_, index) => {
      const name = `${zone}-${index}`;
      zoneOf.set(name, zone);
      return loopNode(world, { name, cpu: exponential(meanMs) });
    }),
  );
  const list = snapshotOf(nodes);
  const instances = list.instances.map((one): Instance => ({ ...one, metadata: { zone: zoneOf.get(one.id)! } }));
  const local = new Map<string, Results>();
  for (const zone of zones) {
    const balancer = make(zone)({ clock, random, onOutlier: () => {}, outlier: { maxEjectedShare: 0 } });
    balancer.update({ ...list, instances });
    const client = simulatedClient(world, { nodes: byName(nodes), balancer });
    const own = openLoad(world, { target: client, rate: perZone, timeoutMs: 5_000, untilMs });
    local.set(zone, own);
  }
  const gone = new StatusError('unavailable', 'nobody listens', { reason: 'CONNECT_FAILED' });
  clock.at(10_000, () => {
    for (const node of nodes.slice(0, down)) node.setDown(gone);
  });
  world.run(untilMs + 5_000);
  const settled = { fromMs: 15_000, untilMs };
  let all = 0;
  let stayed = 0;
  const perNode = new Map<string, number>();
  for (const [zone, own] of local) {
    for (const [node, { sent }] of own.by('node', settled)) {
      all += sent;
      if (zoneOf.get(node) === zone) stayed += sent;
      perNode.set(node, (perNode.get(node) ?? 0) + sent);
    }
  }
  const loads = nodes.slice(down).map(({ name }) => perNode.get(name) ?? 0);
  const skew = Math.max(...loads) / (loads.reduce((sum, load) => sum + load) / loads.length);
  return { skew, localShare: stayed / all };
}

for (const seed of seeds) {
  test(`zones that are uneven are used evenly, and calls stay in their zone as far as that goes, seed ${seed}`, () => {
    const ours = run(seed, (zone) => zoneAware({ zone }));
    const blind = run(seed, () => p2cBalancer);

    // Of the thirds 1, 9/10 and 3/10 can stay: 0.733.
    const said = `skew ${ours.skew}, local ${ours.localShare}; without zones ${blind.skew}, ${blind.localShare}`;
    assert.ok(ours.skew <= 1.25, said);
    assert.ok(Math.abs(ours.localShare - 0.733) < 0.03, said);
    assert.ok(blind.localShare < 0.4, said);
  });

  test(`a zone that loses half of its nodes keeps what the others of it can take, seed ${seed}`, () => {
    const ours = run(seed, (zone) => zoneAware({ zone }), 3);

    // What over-provisioning allows.
    assert.ok(ours.skew <= 1.4, `skew ${ours.skew}`);
  });
}
