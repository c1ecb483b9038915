import { priorities } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';
import type { SimulatedCall } from './simulated-call.ts';

/** Which calls to look at; what is not given is not looked at. Times are of when the call was sent. */
export interface ResultFilter {
  readonly fromMs?: number;
  /** Calls sent before this. */
  readonly untilMs?: number;
  readonly priority?: string;
  readonly tenant?: string;
  readonly method?: string;
  readonly node?: string;
}

/** Milliseconds from sending to the answer; NaN where there was no answer. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What became of a set of calls. `sent` is the sum of good, late, refused, failed and unanswered. */
export interface Summary {
  readonly sent: number;
  /** Answered without an error within the deadline. */
  readonly good: number;
  /** Answered without an error, after the deadline. */
  readonly late: number;
  /** Not begun: `unavailable`, `resource_exhausted` or DEADLINE_TOO_SHORT. */
  readonly refused: number;
  readonly failed: number;
  readonly unanswered: number;
  /** Good calls per second between the filter's times, or the first and the last call. */
  readonly goodput: number;
  /** Attempts of those that repeat, a first one each. */
  readonly attempts: number;
  /** Of what was not refused: good, late and failed. */
  readonly latency: Latency;
}

/** One stretch of time, for a figure. */
export interface SeriesPoint extends Summary {
  readonly atMs: number;
}

export interface Results {
  /** Begins a row; give the answer to `end`. */
  begin(call: SimulatedCall): number;
  end(row: number, call: SimulatedCall, atMs: number, error: StatusError | undefined): void;
  summary(filter?: ResultFilter): Summary;
  /** A summary for each priority, tenant, method or node that occurs. */
  by(field: GroupField, filter?: ResultFilter): Map<string, Summary>;
  /** A summary for each stretch of `bucketMs`: a series to draw. */
  series(bucketMs: number, filter?: ResultFilter): SeriesPoint[];
  /** How often each reason was given, of refusals and failures alike. */
  reasons(filter?: ResultFilter): Map<string, number>;
}

export type GroupField = 'priority' | 'tenant' | 'method' | 'node';

interface Row {
  readonly sentAt: number;
  readonly deadline: number;
  endedAt: number;
  reason: string;
  outcome: 'good' | 'late' | 'refused' | 'failed' | 'unanswered';
  attempts: number;
  readonly priority: string;
  readonly tenant: string;
  readonly method: string;
  node: string;
}

/** Keeps what became of each call, and counts it afterwards from any side. */
export function results(): Results {
  return new Table();
}

class Table implements Results {
  readonly #rows: Row[] = [];

  begin({ head, sentAt, deadline, attempts }: SimulatedCall): number {
    const { priority, tenant } = head.fields;
    this.#rows.push({
      sentAt,
      deadline,
      endedAt: Number.NaN,
      reason: '',
      outcome: 'unanswered',
      attempts,
      priority,
      tenant,
      method: head.method,
      node: '',
    });
    return this.#rows.length - 1;
  }

  end(index: number, call: SimulatedCall, atMs: number, error: StatusError | undefined): void {
    const row = this.#rows[index]!;
    row.endedAt = atMs;
    row.node = call.node;
    row.attempts = call.attempts;
    row.reason = error?.reason ?? '';
    if (error === undefined) row.outcome = atMs <= row.deadline ? 'good' : 'late';
    else row.outcome = isRefusal(error) ? 'refused' : 'failed';
  }

  summary(filter: ResultFilter = {}): Summary {
    return summarize(this.#select(filter), filter);
  }

  by(field: GroupField, filter: ResultFilter = {}): Map<string, Summary> {
    const groups = Map.groupBy(this.#select(filter), (row) => row[field]);
    const names = field === 'priority' ? priorities.filter((name) => groups.has(name)) : [...groups.keys()].sort();
    return new Map(names.map((name) => [name, summarize(groups.get(name)!, spanOf(this.#rows, filter))]));
  }

  series(bucketMs: number, filter: ResultFilter = {}): SeriesPoint[] {
    if (!(bucketMs > 0)) throw new RangeError(`series: the stretch of ${bucketMs} ms is not above 0`);
    const { fromMs, untilMs } = spanOf(this.#rows, filter);
    const groups = Map.groupBy(this.#select(filter), ({ sentAt }) => Math.floor((sentAt - fromMs) / bucketMs));
    return Array.from({ length: Math.ceil((untilMs - fromMs) / bucketMs) }, (_, index) => {
      const atMs = fromMs + index * bucketMs;
      return { atMs, ...summarize(groups.get(index) ?? [], { fromMs: atMs, untilMs: atMs + bucketMs }) };
    });
  }

  reasons(filter: ResultFilter = {}): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { reason } of this.#select(filter)) {
      if (reason !== '') counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    return counts;
  }

  #select({ fromMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY, ...fields }: ResultFilter): Row[] {
    const wanted = Object.entries(fields) as [GroupField, string][];
    return this.#rows.filter(
      (row) => row.sentAt >= fromMs && row.sentAt < untilMs && wanted.every(([field, value]) => row[field] === value),
    );
  }
}

/** Jain's index of fairness: 1 if all are equal, 1/n if one has everything. Each value is a share of what is due to it. */
export function jainIndex(values: readonly number[]): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

function isRefusal({ code, reason }: StatusError): boolean {
  return code === 'unavailable' || code === 'resource_exhausted' || reason === 'DEADLINE_TOO_SHORT';
}

function spanOf(rows: readonly Row[], filter: ResultFilter): { fromMs: number; untilMs: number } {
  return {
    fromMs: filter.fromMs ?? rows[0]?.sentAt ?? 0,
    untilMs: filter.untilMs ?? (rows.at(-1)?.sentAt ?? 0) + 1e-9,
  };
}

function summarize(rows: readonly Row[], filter: ResultFilter): Summary {
  const counts = { good: 0, late: 0, refused: 0, failed: 0, unanswered: 0 };
  const times = new Float64Array(rows.length);
  let timed = 0;
  let attempts = 0;
  for (const row of rows) {
    counts[row.outcome]++;
    attempts += row.attempts;
    if (row.outcome !== 'refused' && row.outcome !== 'unanswered') times[timed++] = row.endedAt - row.sentAt;
  }
  const { fromMs, untilMs } = spanOf(rows, filter);
  const seconds = (untilMs - fromMs) / 1000;
  const goodput = counts.good === 0 ? 0 : counts.good / seconds;
  return { sent: rows.length, ...counts, goodput, attempts, latency: latencyOf(times.subarray(0, timed).sort()) };
}

function latencyOf(sorted: Float64Array): Latency {
  const quantile = (share: number) =>
    sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return {
    p50: quantile(0.5),
    p90: quantile(0.9),
    p95: quantile(0.95),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: quantile(1),
  };
}
