import type { DatabaseSync } from 'node:sqlite';

/** Grows with each change of {@link tables}: a chunk of another version is not read. */
export const schemaVersion = 2;

/**
 * One chunk: everything that arrived in one stretch of time. Ids of logs grow over all chunks; the other tables repeat
 * what they need, so that a chunk can be deleted as a file without touching another.
 *
 * A trace has a number of its own in the chunk, in the order of arrival, and the ids of its spans begin with it
 * ({@link spansPerTrace}): so all writes go near the end of the tables. An index on the random trace ids would touch
 * another page for nearly every span; the one index on them is small, since it holds four bytes of each.
 */
export const tables = `
  CREATE TABLE emitters (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, version TEXT NOT NULL, instance TEXT NOT NULL, seen_ms INTEGER NOT NULL
  );

  CREATE TABLE traces (
    no INTEGER PRIMARY KEY, hash INTEGER NOT NULL, trace BLOB NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,
    spans INTEGER NOT NULL, errors INTEGER NOT NULL, has_root INTEGER NOT NULL, root_us INTEGER NOT NULL,
    root_service TEXT NOT NULL, root_name TEXT NOT NULL, services TEXT NOT NULL, names TEXT NOT NULL
  );
  CREATE INDEX traces_by_hash ON traces (hash);
  CREATE INDEX traces_by_start ON traces (start_us);

  CREATE TABLE spans (
    id INTEGER PRIMARY KEY, span BLOB NOT NULL, parent BLOB, emitter INTEGER NOT NULL, name TEXT NOT NULL,
    kind INTEGER NOT NULL, start_us INTEGER NOT NULL, duration_us INTEGER NOT NULL, is_error INTEGER NOT NULL,
    status TEXT NOT NULL, attributes TEXT NOT NULL, events TEXT NOT NULL
  );

  CREATE TABLE logs (
    id INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, level INTEGER NOT NULL, emitter INTEGER NOT NULL,
    message TEXT NOT NULL, trace_no INTEGER, span BLOB, attributes TEXT NOT NULL
  );
  CREATE INDEX logs_by_trace ON logs (trace_no) WHERE trace_no IS NOT NULL;
  CREATE VIRTUAL TABLE logs_text USING fts5 (
    text, content = '', columnsize = 0, detail = none, tokenize = 'unicode61 remove_diacritics 2'
  );

  CREATE TABLE series (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, unit TEXT NOT NULL, description TEXT NOT NULL,
    service TEXT NOT NULL, instance TEXT NOT NULL, labels TEXT NOT NULL, bounds TEXT NOT NULL
  );
  CREATE INDEX series_by_name ON series (name);
  CREATE TABLE points (
    series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL NOT NULL, count INTEGER NOT NULL, counts TEXT NOT NULL,
    PRIMARY KEY (series, time_ms)
  ) WITHOUT ROWID;

  CREATE TABLE calls (
    service TEXT NOT NULL, lane TEXT NOT NULL, second INTEGER NOT NULL, calls INTEGER NOT NULL, errors INTEGER NOT NULL,
    buckets TEXT NOT NULL, PRIMARY KEY (service, lane, second)
  ) WITHOUT ROWID;
  CREATE TABLE edges (
    source TEXT NOT NULL, target TEXT NOT NULL, second INTEGER NOT NULL, calls INTEGER NOT NULL, errors INTEGER NOT NULL,
    buckets TEXT NOT NULL, PRIMARY KEY (source, target, second)
  ) WITHOUT ROWID;
`;

/** Ids of spans: the number of the trace times this, plus the place in it. */
export const spansPerTrace = 2 ** 20;

/** Four bytes of a trace id, for the index. */
export function traceHash(trace: Uint8Array): number {
  // From the end, which W3C Trace Context (section 3.2.2.3) asks to be random even where the whole is not.
  return ((trace[12]! << 24) | (trace[13]! << 16) | (trace[14]! << 8) | trace[15]!) >>> 0;
}

/** Makes the tables in an empty file; in one that has them it checks the version. */
export function prepareSchema(db: DatabaseSync): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version === schemaVersion) return;
  if (version !== 0) throw new SchemaMismatch(`schema version ${version}, this program has ${schemaVersion}`);
  db.exec(`BEGIN; ${tables} PRAGMA user_version = ${schemaVersion}; COMMIT`);
}

export class SchemaMismatch extends Error {}
