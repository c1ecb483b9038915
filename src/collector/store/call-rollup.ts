import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SpanRow } from '../otlp/records.ts';
import type { Edge } from './edge-matcher.ts';
import { addLatencies, countLatency, formatLatencies, type LatencyBuckets, parseLatencies } from './latency-buckets.ts';

/** Calls of one second, added up as spans arrive, so that rates and the map never read spans. */
interface Rollup {
  calls: number;
  errors: number;
  readonly latencies: LatencyBuckets;
}

interface StoredRollup {
  readonly calls: number;
  readonly errors: number;
  readonly buckets: string;
}

const server = 2;
const consumer = 5;
const separator = '\u0000';

/** The calls per service and lane, and per edge of the map in one chunk. */
export class CallRollups {
  readonly #readCalls: StatementSync;
  readonly #writeCalls: StatementSync;
  readonly #readEdge: StatementSync;
  readonly #writeEdge: StatementSync;

  constructor(db: DatabaseSync) {
    this.#readCalls = db.prepare(
      'SELECT calls, errors, buckets FROM calls WHERE service = ? AND lane = ? AND second = ?',
    );
    this.#writeCalls = db.prepare(
      'REPLACE INTO calls (service, lane, second, calls, errors, buckets) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#readEdge = db.prepare(
      'SELECT calls, errors, buckets FROM edges WHERE source = ? AND target = ? AND second = ?',
    );
    this.#writeEdge = db.prepare(
      'REPLACE INTO edges (source, target, second, calls, errors, buckets) VALUES (?, ?, ?, ?, ?, ?)',
    );
  }

  /** Adds the calls that server and consumer spans say were answered. */
  addSpans(spans: readonly SpanRow[]): void {
    const rollups = new Map<string, Rollup>();
    for (const span of spans) {
      if (span.kind !== server && span.kind !== consumer) continue;
      const key = [secondOf(span.startUs), span.emitter.service, span.lane].join(separator);
      count(rollups, key, span.durationUs, span.isError);
    }
    for (const [key, rollup] of rollups) {
      const [second, service, lane] = key.split(separator) as [string, string, string];
      const sum = add(rollup, this.#readCalls.get(service, lane, Number(second)) as StoredRollup | undefined);
      this.#writeCalls.run(service, lane, Number(second), sum.calls, sum.errors, formatLatencies(sum.latencies));
    }
  }

  addEdges(edges: readonly Edge[]): void {
    const rollups = new Map<string, Rollup>();
    for (const edge of edges) {
      const key = [secondOf(edge.startUs), edge.source, edge.target].join(separator);
      count(rollups, key, edge.durationUs, edge.isError);
    }
    for (const [key, rollup] of rollups) {
      const [second, source, target] = key.split(separator) as [string, string, string];
      const sum = add(rollup, this.#readEdge.get(source, target, Number(second)) as StoredRollup | undefined);
      this.#writeEdge.run(source, target, Number(second), sum.calls, sum.errors, formatLatencies(sum.latencies));
    }
  }
}

function secondOf(timeUs: number): number {
  return Math.floor(timeUs / 1e6);
}

function count(rollups: Map<string, Rollup>, key: string, durationUs: number, isError: boolean): void {
  let rollup = rollups.get(key);
  if (rollup === undefined) {
    rollup = { calls: 0, errors: 0, latencies: new Map() };
    rollups.set(key, rollup);
  }
  rollup.calls++;
  if (isError) rollup.errors++;
  countLatency(rollup.latencies, durationUs);
}

function add(rollup: Rollup, stored: StoredRollup | undefined): Rollup {
  if (stored === undefined) return rollup;
  addLatencies(rollup.latencies, parseLatencies(stored.buckets));
  return {
    calls: rollup.calls + stored.calls,
    errors: rollup.errors + stored.errors,
    latencies: rollup.latencies,
  };
}
