import type { Outcome } from '../../call/index.ts';
import type { OutlierNode } from '../../guard/index.ts';
import type { Instance } from '../registry.ts';
import { BalancedNode, isGone, type PoolHealth } from './balanced-node.ts';

/** How long a latency stays in memory: after this the weight of what was measured has fallen to about 1/e. As in Finagle. */
const decayMs = 10_000;
/** A latency below this is taken as this, so that a node that answers in no time does not get everything. */
const minLatencyMs = 0.1;
/** How much one answer tells about a node's health. */
const healthStep = 0.1;
/** From here on there is nothing more to be healed, and nothing to be reckoned. */
const healed = 0.999;
/** A node that only fails counts as this many times slower: it is tried now and then. */
const minHealth = 0.05;
/** Failures of the node, not of its caller; an overloaded one refuses quickly and must not look fast for it. */
const nodeFailures: ReadonlySet<string> = new Set(['internal', 'unknown', 'data_loss', 'resource_exhausted']);

/** A node that lost each comparison for so long is taken once: what is remembered of it is no longer true. */
const forgottenAfterMs = decayMs;

/** Over all nodes: what is expected of one that has not answered yet. */
export interface Typical {
  latencyMs: number;
}

/** What p2c knows of one instance: how long its answers take, and how many of them are failures. */
export class P2cNode extends BalancedNode {
  readonly #typical: Typical;
  /** Undefined until the first answer. */
  #latencyMs: number | undefined = undefined;
  #measuredAt = 0;
  /** 1: all answers were good. */
  #health = 1;
  #pickedAt: number;

  constructor(instance: Instance, outlier: OutlierNode, health: PoolHealth, typical: Typical, now: number) {
    super(instance, outlier, health);
    this.#pickedAt = now;
    this.#typical = typical;
  }

  /** Whether the next call should go to it whatever it costs: to try whether it may come back, or how it is now. */
  mustBeTried(now: number): boolean {
    return now - this.#pickedAt >= forgottenAfterMs || this.outlier.isDue(now);
  }

  override begin(now: number): boolean {
    this.#pickedAt = now;
    return super.begin(now);
  }

  override end(outcome: Outcome, now: number, isProbe: boolean): void {
    super.end(outcome, now, isProbe);
    if (outcome.error === undefined || !isGone(outcome.error)) this.#learn(outcome, now);
  }

  /** The expected wait. */
  override cost(now: number): number {
    const health = Math.max(minHealth, this.#healthAt(now));
    return ((this.inFlight + 1) * this.#latencyAt(now)) / (this.instance.weight * health);
  }

  /** What was measured, healing while nobody measures. */
  #healthAt(now: number): number {
    return this.#health === 1 ? 1 : 1 - (1 - this.#health) * left(now - this.#measuredAt);
  }

  /** What was measured, falling back to what is typical while nobody measures: a slow node is tried again. */
  #latencyAt(now: number): number {
    const measured = this.#latencyMs;
    const typical = this.#typical.latencyMs;
    if (measured === undefined) return typical;
    if (measured <= typical) return measured;
    return typical + (measured - typical) * left(now - this.#measuredAt);
  }

  #learn({ error, durationMs }: Outcome, now: number): void {
    const isFailure = error !== undefined && (nodeFailures.has(error.code) || error.code === 'unavailable');
    if (isFailure || this.#health !== 1) {
      const health = this.#healthAt(now) * (1 - healthStep) + (isFailure ? 0 : healthStep);
      this.#health = health > healed ? 1 : health;
    }
    const before = this.#latencyAt(now);
    // A failure or a caller that gave up tells only that the answer would have taken at least so long.
    const sample = Math.max(durationMs, error === undefined ? minLatencyMs : before);
    if (sample >= before || this.#latencyMs === undefined) this.#latencyMs = sample;
    else this.#latencyMs = sample + (before - sample) * left(now - this.#measuredAt);
    this.#measuredAt = now;
    if (error === undefined) this.#typical.latencyMs = this.#typical.latencyMs * 0.99 + this.#latencyMs * 0.01;
  }
}

/** What is left of something after a time: `e^(-t/decay)` by the first terms of its series, in a fifth of the time. */
function left(ms: number): number {
  const x = ms / decayMs;
  return 1 / (1 + x * (1 + x * (0.5 + x * (1 / 6))));
}
