import type { Emitter } from '../otlp/records.ts';

/** The last point of a series, and the row that it has in the chunk that is written to. */
export interface KnownSeries {
  readonly chunk: number;
  readonly id: number;
  /** False until a point was stored in this chunk. */
  isStored: boolean;
  /** 0: never. */
  storedMs: number;
  value: number;
  count: number;
  counts: readonly number[];
}

/** More series than this are rejected: labels with unbounded values would fill the store. */
const maxSeries = 20_000;
/** A series that was not stored for so long is forgotten when a new chunk begins. */
const forgottenMs = 10 * 60_000;

/** What is known of the series across chunks. In memory: after a restart a series goes on from its next point. */
export class SeriesMemory {
  readonly #series = new Map<string, KnownSeries>();
  readonly #reports = new Map<string, number>();

  get isFull(): boolean {
    return this.#series.size >= maxSeries;
  }

  get(key: string): KnownSeries | undefined {
    return this.#series.get(key);
  }

  /** Notes the row of a series in a chunk; what was known of it from an earlier chunk stays known. */
  remember(key: string, chunk: number, id: number): KnownSeries {
    const { storedMs = 0, value = 0, count = 0, counts = [] } = this.#series.get(key) ?? {};
    const series: KnownSeries = { chunk, id, isStored: false, storedMs, value, count, counts };
    this.#series.set(key, series);
    return series;
  }

  /** The emitter reported its metrics at this time. */
  reported(emitter: Emitter, timeMs: number): void {
    const key = emitterKey(emitter);
    if (timeMs > (this.#reports.get(key) ?? 0)) this.#reports.set(key, timeMs);
  }

  lastReport(emitter: Emitter): number | undefined {
    return this.#reports.get(emitterKey(emitter));
  }

  clear(): void {
    this.#series.clear();
    // A series that is forgotten must not look like one that its emitter reported without before.
    this.#reports.clear();
  }

  /** Forgets what has not been heard of for a while. */
  prune(nowMs: number): void {
    for (const [key, { storedMs }] of this.#series) if (nowMs - storedMs > forgottenMs) this.#series.delete(key);
    for (const [key, timeMs] of this.#reports) if (nowMs - timeMs > forgottenMs) this.#reports.delete(key);
  }
}

function emitterKey({ service, instance }: Emitter): string {
  return `${service}\u0000${instance}`;
}
