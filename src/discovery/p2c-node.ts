import type { Outcome } from '../call/index.ts';
import type { StatusError } from '../errors/index.ts';
import type { OutlierNode } from '../guard/index.ts';
import type { Instance } from './registry.ts';

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
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

/** A node that lost each comparison for so long is taken once: what is remembered of it is no longer true. */
const forgottenAfterMs = decayMs;

/** Over all nodes: what is expected of one that has not answered yet. */
export interface Typical {
  latencyMs: number;
}

/** What the balancer knows of one instance. */
export class P2cNode {
  instance: Instance;
  readonly outlier: OutlierNode;
  readonly #typical: Typical;
  #inFlight = 0;
  /** Undefined until the first answer. */
  #latencyMs: number | undefined = undefined;
  #measuredAt = 0;
  /** 1: all answers were good. */
  #health = 1;
  /** In a row: how often it was `unavailable`. */
  #failures = 0;
  #pausedUntil = 0;
  #pickedAt: number;

  constructor(instance: Instance, outlier: OutlierNode, typical: Typical, now: number) {
    this.#pickedAt = now;
    this.instance = instance;
    this.outlier = outlier;
    this.#typical = typical;
  }

  isPaused(now: number): boolean {
    return this.#pausedUntil > now;
  }

  /** Whether the next call should go to it whatever it costs: to try whether it may come back, or how it is now. */
  mustBeTried(now: number): boolean {
    return now - this.#pickedAt >= forgottenAfterMs || this.outlier.isDue(now);
  }

  /** A call goes to it. Returns whether that is the one that tries whether it may come back. */
  begin(now: number): boolean {
    this.#inFlight++;
    this.#pickedAt = now;
    // One try at a time for a node that failed: the others wait until this one has ended or the pause has passed again.
    if (this.#failures > 0) this.#pausedUntil = now + pauseMs(this.#failures);
    const isProbe = this.outlier.isDue(now);
    if (isProbe) this.outlier.claim(now);
    return isProbe;
  }

  end(outcome: Outcome, now: number, isProbe: boolean): void {
    this.#inFlight--;
    if (isProbe) this.outlier.settle(outcome, now);
    // A pause is enough for what cannot be reached: trying it is cheap, and the registry drops it if it is gone.
    else if (outcome.error?.reason !== 'CONNECT_FAILED') this.outlier.record(outcome, now);
    this.#learn(outcome, now);
  }

  /** The expected wait. */
  cost(now: number): number {
    const health = Math.max(minHealth, this.#healthAt(now));
    return ((this.#inFlight + 1) * this.#latencyAt(now)) / (this.instance.weight * health);
  }

  /** What was measured, healing while nobody measures. */
  #healthAt(now: number): number {
    return this.#health === 1 ? 1 : 1 - (1 - this.#health) * Math.exp(-(now - this.#measuredAt) / decayMs);
  }

  /** What was measured, falling back to what is typical while nobody measures: a slow node is tried again. */
  #latencyAt(now: number): number {
    const measured = this.#latencyMs;
    const typical = this.#typical.latencyMs;
    if (measured === undefined) return typical;
    if (measured <= typical) return measured;
    return typical + (measured - typical) * Math.exp(-(now - this.#measuredAt) / decayMs);
  }

  #learn({ error, durationMs }: Outcome, now: number): void {
    if (error !== undefined && isGone(error)) {
      this.#failures++;
      this.#pausedUntil = now + pauseMs(this.#failures);
      return;
    }
    // A caller that gave up proves nothing about a node that could not be reached.
    if (error?.code !== 'canceled' && error?.code !== 'deadline_exceeded') {
      this.#failures = 0;
      this.#pausedUntil = 0;
    }
    const isFailure = error !== undefined && (nodeFailures.has(error.code) || error.code === 'unavailable');
    const health = this.#healthAt(now) * (1 - healthStep) + (isFailure ? 0 : healthStep);
    const before = this.#latencyAt(now);
    // A failure or a caller that gave up tells only that the answer would have taken at least so long.
    const sample = Math.max(durationMs, error === undefined ? minLatencyMs : before);
    const kept = this.#latencyMs === undefined ? 0 : Math.exp(-(now - this.#measuredAt) / decayMs);
    this.#latencyMs = sample >= before ? sample : before * kept + sample * (1 - kept);
    this.#health = health;
    this.#measuredAt = now;
    if (error === undefined) this.#typical.latencyMs = this.#typical.latencyMs * 0.99 + this.#latencyMs * 0.01;
  }
}

/** The node did not answer, or said that it will not; one that says that it is overloaded still serves what it can. */
function isGone({ code, reason }: StatusError): boolean {
  return code === 'unavailable' && reason !== 'OVERLOADED';
}

function pauseMs(failures: number): number {
  return Math.min(firstPauseMs * 2 ** (failures - 1), maxPauseMs);
}
