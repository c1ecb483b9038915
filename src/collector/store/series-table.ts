import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { MetricPoint } from '../otlp/records.ts';
import type { KnownSeries, SeriesMemory } from './series-memory.ts';

/** A series that does not change is still stored once in so long, to show that it lives. */
const quietMs = 60_000;
/** So a value that does not change holds for so long. */
export const heldMs = 75_000;

/**
 * Metric points of one chunk. A point that repeats the last value is left out for a while: most series of an idle fleet
 * never change, and would otherwise push out spans and logs. What is stored is cumulative; deltas are added up.
 */
export class SeriesTable {
  readonly #memory: SeriesMemory;
  readonly #chunk: number;
  readonly #insertSeries: StatementSync;
  readonly #insertPoint: StatementSync;

  constructor(db: DatabaseSync, chunk: number, memory: SeriesMemory) {
    this.#memory = memory;
    this.#chunk = chunk;
    this.#insertSeries = db.prepare(
      'INSERT INTO series (name, type, unit, description, service, instance, labels, bounds) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#insertPoint = db.prepare(
      'REPLACE INTO points (series, time_ms, value, count, counts) VALUES (?, ?, ?, ?, ?)',
    );
    const stored = db.prepare('SELECT id, name, type, service, instance, labels, bounds FROM series');
    for (const row of stored.iterate() as Iterable<StoredSeries>) memory.remember(keyOf(row), chunk, row.id);
  }

  /** Stores the points; returns how many had no room. */
  add(points: readonly MetricPoint[]): number {
    let rejected = 0;
    for (const point of points) {
      const series = this.#find(point);
      if (series === undefined) rejected++;
      else this.#store(series, point);
    }
    for (const { emitter, timeMs } of points) this.#memory.reported(emitter, timeMs);
    return rejected;
  }

  /** After a rollback: the rows of series that were made in it are gone. */
  forget(): void {
    this.#memory.clear();
  }

  /** The series of a point, with a row in this chunk; undefined if there are too many. */
  #find(point: MetricPoint): KnownSeries | undefined {
    const { name, type, unit, description } = point;
    const { service, instance } = point.emitter;
    const labels = JSON.stringify(point.labels);
    const bounds = point.histogram === undefined ? '' : JSON.stringify(point.histogram.bounds);
    const key = keyOf({ name, type, service, instance, labels, bounds });
    const known = this.#memory.get(key);
    if (known?.chunk === this.#chunk) return known;
    if (known === undefined && this.#memory.isFull) return undefined;
    const { lastInsertRowid } = this.#insertSeries.run(
      name,
      type,
      unit,
      description,
      service,
      instance,
      labels,
      bounds,
    );
    return this.#memory.remember(key, this.#chunk, Number(lastInsertRowid));
  }

  #store(series: KnownSeries, point: MetricPoint): void {
    const isFresh = series.storedMs === 0 || point.startMs > series.storedMs;
    const before = point.isDelta && !isFresh ? series : undefined;
    const value = point.value + (before?.value ?? 0);
    const count = (point.histogram?.count ?? 0) + (before?.count ?? 0);
    const counts = (point.histogram?.counts ?? []).map((each, i) => each + (before?.counts[i] ?? 0));
    const isSame = !isFresh && series.isStored && value === series.value && count === series.count;
    if (isSame && point.timeMs - series.storedMs < quietMs) return;
    if (isFresh && point.type !== 'gauge') this.#storeZero(series, point);
    this.#insertPoint.run(series.id, point.timeMs, value, count, counts.length === 0 ? '' : JSON.stringify(counts));
    series.isStored = true;
    series.storedMs = point.timeMs;
    series.value = value;
    series.count = count;
    series.counts = counts;
  }

  /**
   * A counter that appears with its first count would show no increase, since nothing stands before it. Where its emitter
   * reported before without it, it was 0 then; else it was 0 at its start, if a value of then still holds.
   */
  #storeZero(series: KnownSeries, point: MetricPoint): void {
    const { startMs, timeMs } = point;
    const reportedMs = this.#memory.lastReport(point.emitter) ?? 0;
    const zeroMs = Math.max(reportedMs, timeMs - startMs < heldMs ? startMs : 0);
    if (zeroMs > series.storedMs && zeroMs < timeMs) this.#insertPoint.run(series.id, zeroMs, 0, 0, '');
  }
}

interface StoredSeries {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly service: string;
  readonly instance: string;
  readonly labels: string;
  readonly bounds: string;
}

function keyOf(of: Omit<StoredSeries, 'id'>): string {
  return [of.name, of.type, of.service, of.instance, of.labels, of.bounds].join('\u0000');
}
