import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type CallHead, defaultFields, type Outcome } from '../../call/index.ts';
import { StatusError } from '../../errors/index.ts';
import { virtualClock } from '../../testing/index.ts';
import type { Balancer, Pick } from '../balancer.ts';
import { instanceOf } from '../registry.contract.ts';
import type { Choice, Gate } from './choice.ts';
import { guardedBalancer } from './guarded-balancer.ts';
import { P2cChoice, p2cBalancer } from './p2c.ts';
import { P2cNode } from './p2c-node.ts';

const head: CallHead = { service: 'room', method: 'Get', sizeBytes: 0, timeoutMs: undefined, fields: defaultFields };
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The oracle: it never has the gate open, and so asks each node in the plain way. */
class AskingChoice implements Choice<P2cNode> {
  readonly #inner = new P2cChoice<P2cNode>();
  opened = 0;

  update(nodes: readonly P2cNode[]): void {
    this.#inner.update(nodes);
  }

  choose(of: CallHead, gate: Gate): P2cNode | undefined {
    if (gate.isOpen) this.opened++;
    const { now, random, usable } = gate;
    const passes = (node: P2cNode) => gate.passes(node);
    const shareOf = (node: P2cNode) => gate.shareOf(node);
    return this.#inner.choose(of, { now, random, usable, isOpen: false, passes, shareOf } as Gate);
  }
}

function sequence(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function outcomeOf(chance: number, durationMs: number): Outcome {
  const code = chance < 0.01 ? 'unavailable' : chance < 0.03 ? 'internal' : chance < 0.04 ? 'canceled' : undefined;
  return { error: code && new StatusError(code, 'test'), durationMs };
}

it(`p2c chooses by rows as it does by nodes, whatever happens to them (SEED=${seed})`, async () => {
  const clock = virtualClock();
  const typical = { latencyMs: 1 };
  const asking = new AskingChoice();
  const balancers: readonly Balancer[] = [
    p2cBalancer({ clock, random: sequence(seed) }),
    guardedBalancer(
      {
        name: 'oracle',
        makeNode: (instance, outlier, health, now) => new P2cNode(instance, outlier, health, typical, now),
        choice: asking,
      },
      { clock, random: sequence(seed) },
    ),
  ];
  const random = sequence(seed + 1);
  const all = Array.from({ length: 30 }, (_, n) => instanceOf(`room-${n}`, { weight: 1 + (n % 3) }));
  const open: (readonly Pick[])[] = [];
  let total = 0;

  for (let step = 0; step < 20_000; step++) {
    if (step % 2_500 === 0) {
      const few = all.filter(() => random() < 0.7);
      for (const balancer of balancers) balancer.update({ service: 'room', revision: step + 1, instances: few });
    }
    if (random() < 0.5) {
      const avoid = random() < 0.05 ? ['room-1', 'room-2'] : undefined;
      const picks = balancers.map((balancer) => balancer.pick(head, avoid));
      assert.equal(picks[0]?.node.id, picks[1]?.node.id, `step ${step}`);
      open.push(picks);
      total++;
    } else if (open.length > 0) {
      const [picks] = open.splice(Math.floor(random() * open.length), 1);
      const outcome = outcomeOf(step < 10_000 ? 1 : random(), 1 + random() * 50);
      for (const pick of picks!) pick.done(outcome);
    }
    if (step % 50 === 0) await clock.advance(random() * 400);
  }

  assert.ok(asking.opened > total / 10 && asking.opened < total, `${asking.opened} of ${total} with an open gate`);
});
