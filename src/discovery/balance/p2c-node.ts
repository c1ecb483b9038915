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

/**
 * What is known of a node, as numbers in a row: those of all nodes lie in one array, so that to look at one of a thousand is to
 * read one line of the processor's cache, where an object with its boxed numbers takes five. `npm run bench -- balance`.
 */
export const rowWidth = 8;
const inFlightAt = 0;
/** 0 until the first answer. */
const latencyAt = 1;
const measuredAt = 2;
/** 1: all answers were good. */
const healthAt = 3;
const weightAt = 4;
const pickedAt = 5;

/** The expected wait at the node of a row. */
export function costOf(rows: Float64Array, row: number, { latencyMs: typicalMs }: Typical, now: number): number {
  const health = rows[row + healthAt]!;
  const latencyMs = latencyOf(rows, row, typicalMs, now);
  const loaded = (rows[row + inFlightAt]! + 1) * latencyMs;
  if (health === 1) return loaded / rows[row + weightAt]!;
  return loaded / (rows[row + weightAt]! * Math.max(minHealth, healthOf(rows, row, now)));
}

/** Whether it lost each comparison for so long that it should be taken once, whatever it costs. */
export function isForgotten(rows: Float64Array, row: number, now: number): boolean {
  return now - rows[row + pickedAt]! >= forgottenAfterMs;
}

/** What was measured, healing while nobody measures. */
function healthOf(rows: Float64Array, row: number, now: number): number {
  const health = rows[row + healthAt]!;
  return health === 1 ? 1 : 1 - (1 - health) * left(now - rows[row + measuredAt]!);
}

/** What was measured, falling back to what is typical while nobody measures: a slow node is tried again. */
function latencyOf(rows: Float64Array, row: number, typicalMs: number, now: number): number {
  const measured = rows[row + latencyAt]!;
  if (measured === 0) return typicalMs;
  if (measured <= typicalMs) return measured;
  return typicalMs + (measured - typicalMs) * left(now - rows[row + measuredAt]!);
}

/** What p2c knows of one instance: how long its answers take, and how many of them are failures. */
export class P2cNode extends BalancedNode {
  readonly typical: Typical;
  #rows: Float64Array = new Float64Array(rowWidth);
  #row = 0;

  constructor(instance: Instance, outlier: OutlierNode, health: PoolHealth, typical: Typical, now: number) {
    super(instance, outlier, health);
    this.typical = typical;
    this.#rows[healthAt] = 1;
    this.#rows[weightAt] = instance.weight;
    this.#rows[pickedAt] = now;
  }

  /** Takes what it knows to a row of another array, where its pool has a new list. One that has left keeps the old array. */
  moveTo(rows: Float64Array, row: number): void {
    for (let at = 0; at < rowWidth; at++) rows[row + at] = this.#rows[this.#row + at]!;
    rows[row + weightAt] = this.instance.weight;
    this.#rows = rows;
    this.#row = row;
  }

  /** Whether the next call should go to it whatever it costs: to try whether it may come back, or how it is now. */
  mustBeTried(now: number): boolean {
    return isForgotten(this.#rows, this.#row, now) || this.outlier.isDue(now);
  }

  override begin(now: number): boolean {
    this.#rows[this.#row + pickedAt] = now;
    this.#rows[this.#row + inFlightAt]! += 1;
    return super.begin(now);
  }

  override end(outcome: Outcome, now: number, isProbe: boolean): void {
    super.end(outcome, now, isProbe);
    this.#rows[this.#row + inFlightAt]! -= 1;
    if (outcome.error === undefined || !isGone(outcome.error)) this.#learn(outcome, now);
  }

  override cost(now: number): number {
    return costOf(this.#rows, this.#row, this.typical, now);
  }

  #learn({ error, durationMs }: Outcome, now: number): void {
    const rows = this.#rows;
    const row = this.#row;
    const typical = this.typical;
    const isFailure = error !== undefined && (nodeFailures.has(error.code) || error.code === 'unavailable');
    if (isFailure || rows[row + healthAt] !== 1) {
      const health = healthOf(rows, row, now) * (1 - healthStep) + (isFailure ? 0 : healthStep);
      rows[row + healthAt] = health > healed ? 1 : health;
    }
    const before = latencyOf(rows, row, typical.latencyMs, now);
    // A failure or a caller that gave up tells only that the answer would have taken at least so long.
    const sample = Math.max(durationMs, error === undefined ? minLatencyMs : before);
    const isFirst = rows[row + latencyAt] === 0;
    const latencyMs =
      sample >= before || isFirst ? sample : sample + (before - sample) * left(now - rows[row + measuredAt]!);
    rows[row + latencyAt] = latencyMs;
    rows[row + measuredAt] = now;
    if (error === undefined) typical.latencyMs = typical.latencyMs * 0.99 + latencyMs * 0.01;
  }
}

/** What is left of something after a time: `e^(-t/decay)` by the first terms of its series, in a fifth of the time. */
function left(ms: number): number {
  const x = ms / decayMs;
  return 1 / (1 + x * (1 + x * (0.5 + x * (1 / 6))));
}
