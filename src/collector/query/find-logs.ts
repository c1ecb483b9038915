import { type Attributes, logLevels } from '../otlp/records.ts';
import { type LogLine, searchText } from '../store/log-line.ts';
import { traceHash } from '../store/schema.ts';
import { ftsExpression, type LogSearch, matchesFields, matchesText, parseLogSearch } from './log-search.ts';
import type { LogsQuery } from './queries.ts';
import type { ReadChunk } from './read-chunks.ts';

interface Row {
  readonly id: number;
  readonly time_us: number;
  readonly level: number;
  readonly service: string;
  readonly instance: string;
  readonly message: string;
  readonly trace: Uint8Array | null;
  readonly span: Uint8Array | null;
  readonly attributes: string;
}

export interface LogsAnswer {
  /** Newest first. */
  readonly logs: readonly LogLine[];
  /** There was no time to look through everything: what is older than the last line was not searched to its end. */
  readonly incomplete: boolean;
}

const maxSearchMs = 2000;
/** Lines of one moment arrive a little out of order. */
const disorderUs = 600e6;

/** The newest lines that match. Stops, and says so, after two seconds of searching. */
export function findLogs(chunks: Iterable<ReadChunk>, query: LogsQuery): LogsAnswer {
  const search = parseLogSearch(query.q);
  const until = performance.now() + maxSearchMs;
  const logs: LogLine[] = [];
  for (const chunk of chunks) {
    if (performance.now() > until) return { logs, incomplete: true };
    if (!mayHold(chunk, query)) continue;
    const { sql, parameters } = statement(query, search);
    let looked = 0;
    for (const row of chunk.iterate<Row>(sql, ...parameters)) {
      const line = toLine(row);
      if (matches(search, line)) logs.push(line);
      if (logs.length === query.limit) return { logs, incomplete: false };
      if ((++looked & 0xff) === 0 && performance.now() > until) return { logs, incomplete: true };
    }
  }
  return { logs, incomplete: false };
}

/** The index found the words; a phrase is more than that. */
function matches(search: LogSearch, line: LogLine): boolean {
  const hasPhrase = search.phrases.some(({ words }) => words.length > 1);
  return matchesFields(search, line) && (!hasPhrase || matchesText(search, searchText(line.message, line.attributes)));
}

function mayHold(chunk: ReadChunk, query: LogsQuery): boolean {
  const [newest] = chunk.all<{ time_us: number }>('SELECT time_us FROM logs ORDER BY id DESC LIMIT 1');
  return newest !== undefined && newest.time_us >= query.sinceMs * 1000 - disorderUs;
}

/**
 * Walks the lines by id from the newest, through the full-text index where there are words: a query with very many hits
 * then stops at its limit. CROSS JOIN keeps SQLite from turning the order around.
 */
function statement(query: LogsQuery, search: LogSearch): { sql: string; parameters: (string | number | Uint8Array)[] } {
  const conditions: string[] = [];
  const parameters: (string | number | Uint8Array)[] = [];
  const add = (condition: string, ...values: (string | number | Uint8Array)[]) => {
    conditions.push(condition);
    parameters.push(...values);
  };
  const words = ftsExpression(search);
  if (words !== undefined) add('logs_text MATCH ?', words);
  add(words === undefined ? 'l.id < ?' : 'logs_text.rowid < ?', query.before);
  if (query.trace !== '') {
    const trace = Uint8Array.fromHex(query.trace);
    add('l.trace_no IN (SELECT no FROM traces WHERE hash = ? AND trace = ?)', traceHash(trace), trace);
  }
  if (query.level > 0) add('l.level >= ?', query.level);
  if (query.service !== '') add('l.emitter IN (SELECT id FROM emitters WHERE service = ?)', query.service);
  add('l.time_us BETWEEN ? AND ?', query.sinceMs * 1000, query.untilMs * 1000);
  const from = words === undefined ? 'logs l' : 'logs_text CROSS JOIN logs l ON l.id = logs_text.rowid';
  const sql = `
    SELECT l.id, l.time_us, l.level, e.service, e.instance, l.message, t.trace, l.span, l.attributes
    FROM ${from} CROSS JOIN emitters e ON e.id = l.emitter LEFT JOIN traces t ON t.no = l.trace_no
    WHERE ${conditions.join(' AND ')}
    ORDER BY ${words === undefined ? 'l.id' : 'logs_text.rowid'} DESC`;
  return { sql, parameters };
}

function toLine(row: Row): LogLine {
  return {
    id: row.id,
    timeMs: row.time_us / 1000,
    level: logLevels[row.level] ?? 'info',
    service: row.service,
    instance: row.instance,
    message: row.message,
    traceId: row.trace?.toHex() ?? null,
    spanId: row.span?.toHex() ?? null,
    attributes: JSON.parse(row.attributes) as Attributes,
  };
}
