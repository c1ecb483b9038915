import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/errors/index.ts';
import { type Breaker, sreThrottle } from '../../src/guard/index.ts';
import { exponential, loopNode, openLoad, simulatedClient, simulation } from '../../src/testing/index.ts';
import { byName, snapshotOf } from './cluster.ts';
import { roundRobin } from './peers/round-robin.ts';
import { seeds } from './seeds.ts';

/** E11: a back end is away from 30 s to 60 s. What is it asked meanwhile, and how soon does it have its traffic back? */
const down = new StatusError('unavailable', 'the back end is away');
const windowMs = 10_000;
const perSecond = 1000;
const k = 2;

function outage(seed: number, failing: number) {
  const world = simulation({ seed });
  const node = loopNode(world, { cpu: exponential(0.2) });
  const balancer = roundRobin();
  balancer.update(snapshotOf([node]));
  const breaker: Breaker = sreThrottle({ clock: world.clock, random: world.random, k, windowMs });
  const client = simulatedClient(world, { nodes: byName([node]), balancer, breaker });
  const table = openLoad(world, { target: client, rate: perSecond, timeoutMs: 1000, untilMs: 90_000 });
  world.clock.at(30_000, () => node.setFailing(failing, down));
  world.clock.at(60_000, () => node.setFailing(0, down));
  const received: number[] = [];
  for (let at = 0; at <= 90; at++) world.clock.at(at * 1000, () => received.push(node.received));
  world.run(92_000);
  return { table, received: (fromS: number, untilS: number) => received[untilS]! - received[fromS]! };
}

for (const seed of seeds) {
  test(`a back end that is away gets one probe in a while, and all its traffic within one window, seed ${seed}`, () => {
    const { table, received } = outage(seed, 1);

    // The throttle remembers accepts for one window: what those allow is its way down.
    assert.ok(received(30, 40) <= k * perSecond * 10, `${received(30, 40)} in the first window`);
    // Nothing is accepted any more: what is left are the probes, one each second, and chance.
    assert.ok(received(41, 60) <= 60, `${received(41, 60)} calls in the rest of the outage`);
    assert.equal(table.summary({ fromMs: 0, untilMs: 30_000 }).refused, 0);
    const after = table.summary({ fromMs: 60_000 + windowMs, untilMs: 90_000 });
    assert.equal(after.good, after.sent);
  });

  test(`a back end that accepts one call in five is asked at most K times what it accepts, seed ${seed}`, () => {
    const { table, received } = outage(seed, 0.8);

    for (let second = 31; second < 60; second++) {
      const asked = received(second, second + 1);
      const window = { fromMs: (second + 1) * 1000 - windowMs, untilMs: (second + 1) * 1000 };
      const accepted = (table.summary(window).good * 1000) / windowMs;
      // What the window before accepted is what it is asked next, give or take five deviations of chance.
      assert.ok(
        asked <= k * accepted + 5 * Math.sqrt(k * accepted) + 10,
        `${asked} asked in second ${second}, ${accepted} accepted per second`,
      );
    }
    assert.ok(received(50, 60) <= perSecond * 10 * 0.05, `${received(50, 60)} in the last ten seconds`);
    const after = table.summary({ fromMs: 60_000 + windowMs, untilMs: 90_000 });
    assert.equal(after.good, after.sent);
  });
}
