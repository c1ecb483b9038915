import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constant, logNormal, loopNode, openLoad, simulation, station } from '../../src/testing/index.ts';
import { guardOf } from './guarded.ts';
import { seeds } from './seeds.ts';

/** E1 as a gateway has it: most of a call's work comes after what it waits for, when it has long been admitted. */
const capacity = 1000 / 1.1;

function goodput(seed: number, factor: number, isGuarded: boolean): number {
  const world = simulation({ seed });
  const node = loopNode(world, {
    cpu: constant(0.1),
    dependency: station(world, { servers: 1000, service: logNormal(5, 0.5) }),
    cpuAfter: logNormal(1, 0.5),
    rejectionMs: 0.02,
    ...(isGuarded && { admit: (loop) => guardOf(loop, world).admit }),
  });
  const table = openLoad(world, { target: node, rate: capacity * factor, timeoutMs: 300, untilMs: 12_000 });
  world.run(13_000);
  return table.summary({ fromMs: 3000, untilMs: 12_000 }).goodput / capacity;
}

for (const seed of seeds) {
  test(`work that comes after a wait is not taken on beyond what the loop can do, seed ${seed}`, () => {
    const ran = [2, 5, 10].map((factor) => goodput(seed, factor, true));
    const text = ran.map((share) => share.toFixed(3)).join(' ');

    assert.ok(ran[0]! >= 0.93 && ran[1]! >= 0.87 && ran[2]! >= 0.75, text);
    assert.ok(goodput(seed, 2, false) <= 0.05);
  });
}
