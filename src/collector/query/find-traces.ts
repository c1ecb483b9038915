import { listSeparator, parseList } from '../store/trace-table.ts';
import type { TracesQuery } from './queries.ts';
import type { ReadChunk } from './read-chunks.ts';

export interface TraceSummary {
  readonly traceId: string;
  readonly rootService: string;
  readonly rootName: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly spanCount: number;
  readonly error: boolean;
  readonly services: readonly string[];
}

interface Row {
  readonly trace: Uint8Array;
  readonly start_us: number;
  readonly end_us: number;
  readonly spans: number;
  readonly errors: number;
  readonly has_root: number;
  readonly root_us: number;
  readonly root_service: string;
  readonly root_name: string;
  readonly services: string;
}

const maxWords = 10;

/**
 * The newest traces that match. Each word of `q` must occur in the name of a span or service, or begin the trace id. A
 * trace that lies in two chunks is put together from those of its parts that match.
 */
export function findTraces(chunks: Iterable<ReadChunk>, query: TracesQuery): { traces: TraceSummary[] } {
  const { sql, parameters } = statement(query);
  const rows = new Map<string, Row>();
  for (const chunk of chunks) {
    for (const row of chunk.all<Row>(sql, ...parameters)) {
      const id = row.trace.toHex();
      const other = rows.get(id);
      rows.set(id, other === undefined ? row : merge(row, other));
    }
  }
  const newest = [...rows.values()].sort((a, b) => b.start_us - a.start_us).slice(0, query.limit);
  return { traces: newest.map(summary) };
}

function statement(query: TracesQuery): { sql: string; parameters: (string | number)[] } {
  // A trace without spans is only known from its log lines.
  const conditions = ['start_us >= ?', 'start_us <= ?', 'spans > 0'];
  const parameters: (string | number)[] = [query.sinceMs * 1000, query.untilMs * 1000];
  const add = (condition: string, ...values: (string | number)[]) => {
    conditions.push(condition);
    parameters.push(...values);
  };
  if (query.minDurationMs > 0) add('end_us - start_us >= ?', query.minDurationMs * 1000);
  if (query.error !== undefined) add(query.error ? 'errors > 0' : 'errors = 0');
  if (query.service !== '') add('instr(services, ?) > 0', `${listSeparator}${query.service}${listSeparator}`);
  for (const word of query.q.toLowerCase().split(/\s+/).filter(Boolean).slice(0, maxWords)) {
    add('(instr(lower(names || services), ?) > 0 OR instr(lower(hex(trace)), ?) = 1)', word, word);
  }
  const sql = `
    SELECT trace, start_us, end_us, spans, errors, has_root, root_us, root_service, root_name, services
    FROM traces WHERE ${conditions.join(' AND ')} ORDER BY start_us DESC LIMIT ?`;
  return { sql, parameters: [...parameters, query.limit] };
}

function merge(a: Row, b: Row): Row {
  const isBetter = a.has_root > b.has_root || (a.has_root === b.has_root && a.root_us < b.root_us);
  const { has_root, root_us, root_service, root_name } = isBetter ? a : b;
  return {
    trace: a.trace,
    start_us: Math.min(a.start_us, b.start_us),
    end_us: Math.max(a.end_us, b.end_us),
    spans: a.spans + b.spans,
    errors: a.errors + b.errors,
    has_root,
    root_us,
    root_service,
    root_name,
    services: a.services + b.services,
  };
}

function summary(row: Row): TraceSummary {
  return {
    traceId: row.trace.toHex(),
    rootService: row.root_service,
    rootName: row.root_name,
    startMs: row.start_us / 1000,
    durationMs: (row.end_us - row.start_us) / 1000,
    spanCount: row.spans,
    error: row.errors > 0,
    services: [...new Set(parseList(row.services))].sort(),
  };
}
