import type { CallHead, Outcome } from '../call/index.ts';
import { type Clock, systemClock } from '../concurrency/index.ts';
import type { Balancer, Pick } from './balancer.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Snapshot } from './registry.ts';

export interface P2cOptions {
  /** A number from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** How long a latency stays in memory: after this the weight of what was measured has fallen to 1/e. As in Finagle. */
const decayMs = 10_000;
/** A latency below this is taken as this, so that a node that answers in no time does not get everything. */
const minLatencyMs = 0.1;
/** How much one answer tells about a node's health. */
const healthStep = 0.1;
/** A node that only fails counts as this many times slower: it is tried now and then. */
const minHealth = 0.05;
/** Failures of the node, not of its caller; an overloaded one refuses quickly and must not look fast for it. */
const nodeFailures: ReadonlySet<string> = new Set(['internal', 'unknown', 'data_loss', 'resource_exhausted']);
/** A node that could not be reached is left alone this long, doubled for each failure in a row. */
const firstPenaltyMs = 1_000;
const maxPenaltyMs = 30_000;

/**
 * Power of two choices: of two instances drawn by chance it takes the one with the lower expected wait,
 * `(in flight + 1) × peak EWMA latency ÷ weight ÷ share of answers that were no failure`. The peak takes a slower answer at
 * once and forgets it over ten seconds, so a slow instance gets close to nothing and is tried again; one that fails
 * quickly does not win by it. An instance that was `unavailable` is avoided for 1 s
 * (doubling to 30 s), then one call tries it; if all are avoided, all are used.
 *
 * A call with a lane goes to that lane's instances where there are any, otherwise, as one without a lane, to the baseline.
 */
export function p2cBalancer(options: P2cOptions = {}): Balancer {
  return new P2c(options);
}

interface Node {
  instance: Instance;
  inFlight: number;
  /** Undefined until the first answer. */
  latencyMs: number | undefined;
  measuredAt: number;
  /** 1: all answers were good. */
  health: number;
  /** In a row. */
  failures: number;
  avoidUntil: number;
}

class P2c implements Balancer {
  readonly #random: () => number;
  readonly #clock: Clock;
  #service = '';
  #nodes = new Map<string, Node>();
  #lanes = new Map<string, Node[]>();
  /** Over all nodes: what is expected of one that has not answered yet. */
  #typicalMs = 1;

  constructor({ random = Math.random, clock = systemClock }: P2cOptions) {
    this.#random = random;
    this.#clock = clock;
  }

  update({ service, instances }: Snapshot): void {
    this.#service = service;
    const nodes = new Map<string, Node>();
    const lanes = new Map<string, Node[]>();
    for (const instance of instances) {
      const node = this.#take(instance);
      nodes.set(instance.id, node);
      if (instance.weight === 0) continue;
      const lane = lanes.get(instance.lane);
      if (lane === undefined) lanes.set(instance.lane, [node]);
      else lane.push(node);
    }
    this.#nodes = nodes;
    this.#lanes = lanes;
  }

  pick(head: CallHead): Pick {
    const nodes = this.#lanes.get(head.fields.lane) ?? this.#lanes.get('') ?? [];
    const now = this.#clock.now();
    const node = this.#choose(nodes, now);
    if (node === undefined) throw this.#nobody(head);
    // One try at a time for a node that failed: the others wait until this one has ended or the penalty has passed again.
    if (node.failures > 0) node.avoidUntil = now + penaltyMs(node.failures);
    node.inFlight++;
    let ended = false;
    return {
      node: node.instance,
      done: (outcome) => {
        if (ended) return;
        ended = true;
        node.inFlight--;
        this.#learn(node, outcome);
      },
    };
  }

  /** The same node if the instance is the one we know; a restarted one under the same id starts afresh. */
  #take(instance: Instance): Node {
    const known = this.#nodes.get(instance.id);
    const same = known !== undefined && sameEndpoints(known.instance, instance);
    if (!same)
      return { instance, inFlight: 0, latencyMs: undefined, measuredAt: 0, health: 1, failures: 0, avoidUntil: 0 };
    known.instance = instance;
    return known;
  }

  #choose(nodes: readonly Node[], now: number): Node | undefined {
    const count = nodes.length;
    if (count < 2) return nodes[0];
    const first = Math.floor(this.#random() * count);
    const second = (first + 1 + Math.floor(this.#random() * (count - 1))) % count;
    const a = nodes[first]!;
    const b = nodes[second]!;
    if (a.avoidUntil > now && b.avoidUntil > now) {
      for (let step = 1; step < count; step++) {
        const other = nodes[(first + step) % count]!;
        if (other.avoidUntil <= now) return other;
      }
    } else if (a.avoidUntil > now) return b;
    else if (b.avoidUntil > now) return a;
    return this.#cost(b, now) < this.#cost(a, now) ? b : a;
  }

  #cost(node: Node, now: number): number {
    const health = Math.max(minHealth, this.#health(node, now));
    return ((node.inFlight + 1) * this.#latency(node, now)) / (node.instance.weight * health);
  }

  /** What was measured, healing while nobody measures. */
  #health(node: Node, now: number): number {
    return node.health === 1 ? 1 : 1 - (1 - node.health) * Math.exp(-(now - node.measuredAt) / decayMs);
  }

  /** What was measured, falling back to what is typical while nobody measures: a slow node is tried again. */
  #latency(node: Node, now: number): number {
    const { latencyMs } = node;
    if (latencyMs === undefined) return this.#typicalMs;
    if (latencyMs <= this.#typicalMs) return latencyMs;
    return this.#typicalMs + (latencyMs - this.#typicalMs) * Math.exp(-(now - node.measuredAt) / decayMs);
  }

  #learn(node: Node, { error, durationMs }: Outcome): void {
    const now = this.#clock.now();
    if (error?.code === 'unavailable') {
      node.failures++;
      node.avoidUntil = now + penaltyMs(node.failures);
      return;
    }
    // A caller that gave up proves nothing about a node that could not be reached.
    if (error?.code !== 'canceled' && error?.code !== 'deadline_exceeded') {
      node.failures = 0;
      node.avoidUntil = 0;
    }
    const isFailure = error !== undefined && nodeFailures.has(error.code);
    const health = this.#health(node, now) * (1 - healthStep) + (isFailure ? 0 : healthStep);
    const before = this.#latency(node, now);
    // A failure or a caller that gave up tells only that the answer would have taken at least so long.
    const sample = Math.max(durationMs, error === undefined ? minLatencyMs : before);
    const kept = node.latencyMs === undefined ? 0 : Math.exp(-(now - node.measuredAt) / decayMs);
    node.latencyMs = sample >= before ? sample : before * kept + sample * (1 - kept);
    node.health = health;
    node.measuredAt = now;
    if (error === undefined) this.#typicalMs = this.#typicalMs * 0.99 + node.latencyMs * 0.01;
  }

  #nobody({ fields: { lane } }: CallHead): Error {
    const service = this.#service;
    const lanes = [...this.#lanes.keys()].map((name) => `"${name}"`).join(', ');
    const known = lanes === '' ? '' : ` in lane "${lane}" or the baseline (there are some in ${lanes})`;
    return DiscoveryErrors.NO_INSTANCES(`no instance of "${service}"${known}`, { metadata: { target: service } });
  }
}

function penaltyMs(failures: number): number {
  return Math.min(firstPenaltyMs * 2 ** (failures - 1), maxPenaltyMs);
}

function sameEndpoints(a: Instance, b: Instance): boolean {
  const keys = Object.keys(a.endpoints);
  return keys.length === Object.keys(b.endpoints).length && keys.every((key) => a.endpoints[key] === b.endpoints[key]);
}
