import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallHead, defaultFields, type Outcome } from '../../call/index.ts';
import { StatusError } from '../../errors/index.ts';
import { type VirtualClock, virtualClock } from '../../testing/index.ts';
import type { Balancer } from '../balancer.ts';
import { instanceOf } from '../registry.contract.ts';
import type { Instance } from '../registry.ts';
import { balancerContract } from './balancer.contract.ts';
import { p2cBalancer } from './p2c.ts';

const head: CallHead = { service: 'room', method: 'Get', sizeBytes: 0, timeoutMs: undefined, fields: defaultFields };
const ok = (durationMs: number): Outcome => ({ error: undefined, durationMs });
const failed = (code: 'unavailable' | 'internal' | 'canceled', durationMs = 1): Outcome => ({
  error: new StatusError(code, 'test'),
  durationMs,
});

const unreachable: Outcome = {
  error: new StatusError('unavailable', 'test', { reason: 'CONNECT_FAILED' }),
  durationMs: 1,
};

function nodes(count: number, change: (index: number) => Partial<Instance> = () => ({})): Instance[] {
  return Array.from({ length: count }, (_, index) => instanceOf(`room-${index}`, change(index)));
}

function balancerOf(instances: readonly Instance[], seed = 1, clock: VirtualClock = virtualClock()): Balancer {
  const balancer = p2cBalancer({ random: seeded(seed), clock });
  balancer.update({ service: 'room', revision: 1, instances });
  return balancer;
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Open-loop arrivals on a virtual clock: each call lasts as its node's `serve` says. Returns the calls per node. */
async function simulate(
  balancer: Balancer,
  clock: VirtualClock,
  options: { readonly calls: number; readonly everyMs: number; readonly serve: (id: string) => Outcome },
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let call = 0; call < options.calls; call++) {
    const pick = balancer.pick(head);
    counts.set(pick.node.id, (counts.get(pick.node.id) ?? 0) + 1);
    const outcome = options.serve(pick.node.id);
    clock.after(outcome.durationMs, () => pick.done(outcome));
    if (call % 20 === 19) await clock.advance(options.everyMs * 20);
  }
  return counts;
}

balancerContract('p2c', p2cBalancer);

describe('p2c', () => {
  it('spreads equal nodes evenly: none gets more than 1.5 times its share', async () => {
    const clock = virtualClock();
    const counts = await simulate(balancerOf(nodes(10), 7, clock), clock, {
      calls: 5_000,
      everyMs: 1,
      serve: () => ok(10),
    });

    assert.equal(counts.size, 10);
    for (const [id, count] of counts) assert.ok(count > 250 && count < 750, `${id}: ${count}`);
  });

  it('gives a node that is ten times slower less than 2 % of the calls', async () => {
    const clock = virtualClock();
    const serve = (id: string) => ok(id === 'room-3' ? 100 : 10);
    const counts = await simulate(balancerOf(nodes(10), 7, clock), clock, { calls: 10_000, everyMs: 1, serve });

    assert.ok((counts.get('room-3') ?? 0) < 200, `slow node: ${counts.get('room-3')}`);
  });

  it('tries a node that was slow again, and gives it its share when it is quick', async () => {
    const clock = virtualClock();
    const balancer = balancerOf(nodes(4), 7, clock);
    await simulate(balancer, clock, { calls: 2_000, everyMs: 1, serve: (id) => ok(id === 'room-3' ? 200 : 10) });

    await clock.advance(60_000);
    // It was ejected: one call tries it, then it starts slowly.
    await simulate(balancer, clock, { calls: 11_000, everyMs: 1, serve: () => ok(10) });
    const counts = await simulate(balancer, clock, { calls: 2_000, everyMs: 1, serve: () => ok(10) });

    assert.ok((counts.get('room-3') ?? 0) > 300, `recovered node: ${counts.get('room-3')}`);
  });

  it('follows the weights', async () => {
    const clock = virtualClock();
    const balancer = balancerOf(
      nodes(2, (index) => ({ weight: index === 0 ? 1 : 3 })),
      7,
      clock,
    );
    // Latency grows with what is in flight, so that shares settle where waits are equal.
    const counts = await simulate(balancer, clock, { calls: 4_000, everyMs: 1, serve: () => ok(50) });

    const share = (counts.get('room-1') ?? 0) / 4_000;
    assert.ok(share > 0.65 && share < 0.85, `share of weight 3: ${share}`);
  });

  it('gives nothing to a weight of 0', () => {
    const balancer = balancerOf(nodes(2, (index) => ({ weight: index })));

    for (let n = 0; n < 100; n++) assert.equal(balancer.pick(head).node.id, 'room-1');
  });

  it('avoids a node that was unavailable for a second, then lets one call try it', async () => {
    const clock = virtualClock();
    const balancer = balancerOf(nodes(3), 3, clock);
    const spread = (count: number) => {
      const picks = Array.from({ length: count }, () => balancer.pick(head));
      for (const pick of picks) pick.done(ok(1));
      return picks.filter((pick) => pick.node.id === 'room-1').length;
    };
    for (let down = false; !down; ) {
      const pick = balancer.pick(head);
      down = pick.node.id === 'room-1';
      pick.done(down ? failed('unavailable') : ok(1));
    }

    assert.equal(spread(200), 0);
    await clock.advance(999);
    assert.equal(spread(200), 0);
    await clock.advance(2);
    const tries = Array.from({ length: 200 }, () => balancer.pick(head));
    assert.equal(tries.filter((pick) => pick.node.id === 'room-1').length, 1);
    for (const pick of tries) pick.done(ok(1));
    assert.ok(spread(200) > 0);
  });

  it('doubles the pause of a node that cannot be reached, up to 30 s', async () => {
    const clock = virtualClock();
    const balancer = balancerOf(nodes(2), 3, clock);
    const pausesMs: number[] = [];
    // room-1 always fails; time goes on until it is tried again.
    let failedAt: number | undefined;
    while (pausesMs.length < 7) {
      const pick = balancer.pick(head);
      const isDown = pick.node.id === 'room-1';
      pick.done(isDown ? unreachable : ok(1));
      if (isDown && failedAt !== undefined) pausesMs.push(clock.now() - failedAt);
      if (isDown) failedAt = clock.now();
      await clock.advance(50);
    }

    const least = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    // Once it may be tried, chance decides when.
    assert.ok(
      least.every((ms, index) => pausesMs[index]! >= ms && pausesMs[index]! < ms + 1_000),
      pausesMs.join(),
    );
  });

  it('uses all when all are avoided', () => {
    const balancer = balancerOf(nodes(3));
    const picked = new Set<string>();

    for (let n = 0; n < 60; n++) {
      const pick = balancer.pick(head);
      picked.add(pick.node.id);
      pick.done(failed('unavailable'));
    }

    assert.equal(picked.size, 3);
  });

  it('does not take a node that fails quickly for a fast one', async () => {
    const clock = virtualClock();
    const serve = (id: string) => (id === 'room-0' ? failed('internal', 1) : ok(20));
    const counts = await simulate(balancerOf(nodes(4), 7, clock), clock, { calls: 4_000, everyMs: 2, serve });

    assert.ok((counts.get('room-0') ?? 0) < 4_000 * 0.35, `failing node: ${counts.get('room-0')}`);
  });

  it('learns nothing bad of a node from a caller that gave up early', () => {
    const balancer = balancerOf(nodes(2));
    for (let n = 0; n < 50; n++) balancer.pick(head).done(failed('canceled'));

    const picked = new Set(Array.from({ length: 50 }, () => balancer.pick(head).node.id));

    assert.equal(picked.size, 2);
  });

  it('keeps what it learned of the nodes that stay, and forgets one that restarted elsewhere', () => {
    const balancer = balancerOf(nodes(2));
    const picks = Array.from({ length: 40 }, () => balancer.pick(head));
    for (const pick of picks) pick.done(pick.node.id === 'room-1' ? failed('unavailable') : ok(1));
    const share = () =>
      Array.from({ length: 40 }, () => balancer.pick(head)).filter(({ node }) => node.id === 'room-1').length;

    balancer.update({ service: 'room', revision: 2, instances: nodes(2) });
    assert.equal(share(), 0);
    const moved = nodes(2, (index) => (index === 1 ? { endpoints: { rpc: 'http://127.0.0.1:2' } } : {}));
    balancer.update({ service: 'room', revision: 3, instances: moved });

    assert.ok(share() > 0);
  });

  it('counts a call once, however often it is told done', () => {
    const balancer = balancerOf(nodes(2));
    const pick = balancer.pick(head);
    for (let n = 0; n < 1_000; n++) pick.done(ok(1));

    const picked = Array.from({ length: 40 }, () => balancer.pick(head).node.id);

    assert.ok(
      picked.filter((id) => id === 'room-0').length >= 15 && picked.filter((id) => id === 'room-1').length >= 15,
    );
  });
});
