import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { attributesJson, type Emitter, type LogRow, type MetricPoint, type SpanRow } from '../otlp/records.ts';
import { CallRollups } from './call-rollup.ts';
import type { EdgeMatcher } from './edge-matcher.ts';
import { type LogLine, logLine, searchText } from './log-line.ts';
import { prepareSchema } from './schema.ts';
import type { SeriesMemory } from './series-memory.ts';
import { SeriesTable } from './series-table.ts';
import { TraceTable } from './trace-table.ts';

/** Ids of logs grow over all chunks: the chunk's number, then the line's place in it. */
const linesPerChunk = 1_000_000_000;
const pageBytes = 4096;

/** The chunk that is written to. Each `add*` is one transaction. Synchronous: it lives in the writer's thread. */
export class Chunk {
  readonly number: number;
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #insertSpan: StatementSync;
  readonly #insertLog: StatementSync;
  readonly #insertText: StatementSync;
  readonly #insertEmitter: StatementSync;
  readonly #traces: TraceTable;
  readonly #calls: CallRollups;
  readonly #series: SeriesTable;
  readonly #emitters = new Map<string, number>();
  #nextLogId: number;

  /** Opens the file, or makes it. Throws what SQLite throws for one that is no database, and SchemaMismatch. */
  constructor(number: number, path: string, maxBytes: number, memory: SeriesMemory) {
    this.number = number;
    this.path = path;
    this.#db = new DatabaseSync(path, { timeout: 2000 });
    try {
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384');
      // 16 MiB at most, since moving hot pages less often is cheaper, and less for a small chunk.
      const logPages = Math.min(4000, Math.max(16, Math.floor(maxBytes / pageBytes / 4)));
      this.#db.exec(`PRAGMA wal_autocheckpoint = ${logPages}; PRAGMA journal_size_limit = ${logPages * pageBytes}`);
      prepareSchema(this.#db);
      this.#check();
      this.#insertSpan = this.#db.prepare(
        'INSERT INTO spans (id, span, parent, emitter, name, kind, start_us, duration_us, is_error, status, attributes, events)' +
          ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      );
      this.#insertLog = this.#db.prepare(
        'INSERT INTO logs (id, time_us, level, emitter, message, trace_no, span, attributes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      );
      this.#insertText = this.#db.prepare('INSERT INTO logs_text (rowid, text) VALUES (?, ?)');
      this.#insertEmitter = this.#db.prepare(
        'INSERT INTO emitters (service, version, instance, seen_ms) VALUES (?, ?, ?, ?)',
      );
      this.#traces = new TraceTable(this.#db);
      this.#calls = new CallRollups(this.#db);
      this.#series = new SeriesTable(this.#db, number, memory);
      this.#nextLogId = this.#firstLogId();
      this.#loadEmitters();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  addSpans(spans: readonly SpanRow[], matcher: EdgeMatcher): void {
    this.#transaction(() => {
      for (const it of spans) {
        const { spanId, parentSpanId = null, name, kind, startUs, durationUs, statusMessage, attributes, events } = it;
        const id = this.#traces.addSpan(it);
        const emitter = this.#emitter(it.emitter);
        const isError = it.isError ? 1 : 0;
        this.#insertSpan.run(
          ...[id, spanId, parentSpanId, emitter, name, kind],
          ...[startUs, durationUs, isError, statusMessage, attributes, events],
        );
      }
      this.#traces.flush();
      this.#calls.addSpans(spans);
      this.#calls.addEdges(matcher.match(spans));
    });
  }

  /** Stores the lines; returns them as the live tail shows them if `wantsLines`. */
  addLogs(logs: readonly LogRow[], wantsLines: boolean): LogLine[] {
    const lines: LogLine[] = [];
    this.#transaction(() => {
      for (const it of logs) {
        const id = this.#nextLogId++;
        const { timeUs, level, message, traceId, spanId = null, attributes } = it;
        const emitter = this.#emitter(it.emitter);
        const traceNo = traceId === undefined ? null : this.#traces.numberOf(traceId, timeUs);
        this.#insertLog.run(id, timeUs, level, emitter, message, traceNo, spanId, attributesJson(attributes));
        this.#insertText.run(id, searchText(message, attributes));
        if (wantsLines) lines.push(logLine(id, it));
      }
      this.#traces.flush();
    });
    return lines;
  }

  /** Stores the points; returns how many had no room. */
  addPoints(points: readonly MetricPoint[]): number {
    return this.#transaction(() => this.#series.add(points));
  }

  /** Moves the write-ahead log into the file and closes it. */
  close(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.#db.close();
    }
  }

  /** Closes it without touching the file, for one that is broken. */
  abandon(): void {
    this.#db.close();
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      // Rows that memory believes in are gone; made once more, they are merged when read.
      this.#emitters.clear();
      this.#traces.forget();
      this.#series.forget();
      throw error;
    }
  }

  /** Reads the whole file once: a damaged page shows now and not in the middle of a night. */
  #check(): void {
    const { quick_check: result } = this.#db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (result !== 'ok') throw new DamagedChunk(result);
  }

  #firstLogId(): number {
    const { last } = this.#db.prepare('SELECT max(id) AS last FROM logs').get() as { last: number | null };
    return last === null ? this.number * linesPerChunk + 1 : last + 1;
  }

  #loadEmitters(): void {
    const all = this.#db.prepare('SELECT id, service, version, instance FROM emitters').all();
    for (const row of all as unknown as (Emitter & { id: number })[]) this.#emitters.set(keyOf(row), row.id);
  }

  #emitter(emitter: Emitter): number {
    const key = keyOf(emitter);
    let id = this.#emitters.get(key);
    if (id === undefined) {
      const { service, version, instance } = emitter;
      id = Number(this.#insertEmitter.run(service, version, instance, Date.now()).lastInsertRowid);
      this.#emitters.set(key, id);
    }
    return id;
  }
}

export class DamagedChunk extends Error {}

function keyOf({ service, version, instance }: Emitter): string {
  return [service, version, instance].join('\u0000');
}
