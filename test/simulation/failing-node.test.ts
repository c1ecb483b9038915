import assert from 'node:assert/strict';
import { test } from 'node:test';
import { p2cBalancer } from '../../src/discovery/index.ts';
import { StatusError } from '../../src/errors/index.ts';
import { exponential, loopNode, openLoad, simulatedClient, simulation } from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { seeds } from './seeds.ts';

/** E6: one node of ten fails every second call, from 20 s to 80 s. */
const broken = new StatusError('internal', 'half of the calls fail here');
/** See `guardDefaults.outlier`. */
const intervalMs = 1_000;

function tenNodes(seed: number, failing: readonly number[]) {
  const world = simulation({ seed });
  const nodes = Array.from({ length: 10 }, (_, index) =>
    loopNode(world, { cpu: exponential(0.5), name: `node-${index}` }),
  );
  const balancer = p2cBalancer({ clock: world.clock, random: world.random });
  balancer.update(snapshotOf(nodes));
  const client = simulatedClient(world, { nodes: byName(nodes), balancer });
  const table = openLoad(world, { target: client, rate: 1000, timeoutMs: 1000, untilMs: 160_000 });
  const share = (value: number) => () => {
    for (const index of failing) nodes[index]!.setFailing(value, broken);
  };
  world.clock.at(20_000, share(0.5));
  world.clock.at(80_000, share(0));
  world.run(162_000);
  const shareOf = (node: string, fromMs: number, untilMs: number) =>
    (table.by('node', { fromMs, untilMs }).get(node)?.sent ?? 0) / table.summary({ fromMs, untilMs }).sent;
  return { table, shareOf };
}

for (const seed of seeds) {
  test(`a node that fails half of its calls is out after two intervals, tried, and back when it is well, seed ${seed}`, () => {
    const { table, shareOf } = tenNodes(seed, [4]);

    assert.ok(shareOf('node-4', 10_000, 20_000) > 0.08, 'it has its share while it is well');
    const out = shareOf('node-4', 20_000 + 2 * intervalMs, 80_000);
    assert.ok(out < 0.005, `${out} of the calls went to it after two intervals`);
    const failed = table.summary({ fromMs: 20_000 + 2 * intervalMs, untilMs: 80_000 });
    assert.ok(failed.failed <= failed.sent * 0.002, `${failed.failed} of ${failed.sent} calls failed`);
    assert.ok(shareOf('node-4', 140_000, 160_000) > 0.07, 'it is back');
  });

  test(`of ten nodes of which four fail only one is out at a time, seed ${seed}`, () => {
    const { shareOf } = tenNodes(seed, [1, 3, 5, 7]);

    // A tenth of them at most: the others go on to be used, as little as the balancer likes.
    const used = ['node-1', 'node-3', 'node-5', 'node-7'].filter((node) => shareOf(node, 40_000, 80_000) > 0.002);
    assert.ok(used.length >= 3, `used: ${used}`);
  });
}
