import { Histogram } from './histogram.ts';
import type { LoadReply } from './request.ts';

export interface FailureRow {
  /** 0: no answer. */
  readonly status: number;
  readonly reason: string;
  readonly count: number;
}

/** What became of the requests of one name. */
export interface NameTally {
  /** Of those that succeeded. */
  readonly latency: Histogram;
  failed: number;
}

/** More kinds of failures than this are counted as one: a reason may hold anything. */
const maxKinds = 50;
const microseconds = 1000;

/** Counts what became of the requests of a run. Times are given in milliseconds and kept in microseconds. */
export class Tally {
  /** Successful requests, from when they were due. */
  readonly latency = new Histogram();
  readonly byName = new Map<string, NameTally>();
  /** How late requests were sent: the load generator's own delay, part of every latency. */
  readonly delay = new Histogram();
  readonly #failures = new Map<string, { status: number; reason: string; count: number }>();
  #counts = { sent: 0, ok: 0, failed: 0, notSent: 0, unanswered: 0 };
  elapsedMs = 0;

  get counts(): Readonly<{ sent: number; ok: number; failed: number; notSent: number; unanswered: number }> {
    return this.#counts;
  }

  /** Most frequent first. */
  get failures(): readonly FailureRow[] {
    return [...this.#failures.values()].sort((a, b) => b.count - a.count);
  }

  sent(lateMs: number): void {
    this.#counts.sent++;
    this.delay.record(lateMs * microseconds);
  }

  notSent(): void {
    this.#counts.notSent++;
  }

  answered(name: string, reply: LoadReply, isSuccess: boolean, latencyMs: number): void {
    let own = this.byName.get(name);
    if (own === undefined) {
      own = { latency: new Histogram(), failed: 0 };
      this.byName.set(name, own);
    }
    if (!isSuccess) {
      own.failed++;
      this.#counts.failed++;
      this.#fail(reply);
      return;
    }
    this.#counts.ok++;
    this.latency.record(latencyMs * microseconds);
    own.latency.record(latencyMs * microseconds);
  }

  /** The time for sending is over. */
  ended(elapsedMs: number): void {
    this.elapsedMs = elapsedMs;
  }

  leftBehind(count: number): void {
    this.#counts.unanswered = count;
  }

  #fail({ status, reason }: LoadReply): void {
    const wanted = `${status} ${reason}`;
    const isOther = !this.#failures.has(wanted) && this.#failures.size >= maxKinds;
    const key = isOther ? 'other' : wanted;
    const row = this.#failures.get(key);
    if (row !== undefined) row.count++;
    else this.#failures.set(key, isOther ? { status: 0, reason: 'other', count: 1 } : { status, reason, count: 1 });
  }
}
