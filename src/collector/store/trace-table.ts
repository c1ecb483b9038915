import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SpanRow } from '../otlp/records.ts';

interface Summary {
  readonly trace: Uint8Array;
  startUs: number;
  endUs: number;
  spans: number;
  errors: number;
  root: SpanRow;
  readonly services: Set<string>;
  readonly names: Set<string>;
}

/** The names of a trace's spans are kept for search up to this length. */
const maxNamesLength = 2048;
const maxServicesLength = 2048;
/** Stands around each entry of a list, so that one entry can be found in the text of all. */
export const listSeparator = '\n';

/** One row per trace with what a list of traces shows, kept up to date as spans arrive. */
export class TraceTable {
  readonly #upsert: StatementSync;

  constructor(db: DatabaseSync) {
    db.function('merge_lists', { deterministic: true }, (a, b) => mergeLists(String(a), String(b)));
    this.#upsert = db.prepare(`
      INSERT INTO traces (trace, start_us, end_us, spans, errors, has_root, root_us, root_service, root_name, services, names)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (trace) DO UPDATE SET
        start_us = min(start_us, excluded.start_us),
        end_us = max(end_us, excluded.end_us),
        spans = spans + excluded.spans,
        errors = errors + excluded.errors,
        root_service = iif(${isBetter}, excluded.root_service, root_service),
        root_name = iif(${isBetter}, excluded.root_name, root_name),
        root_us = iif(${isBetter}, excluded.root_us, root_us),
        has_root = max(has_root, excluded.has_root),
        services = merge_lists(services, excluded.services),
        names = merge_lists(names, excluded.names)`);
  }

  add(spans: readonly SpanRow[]): void {
    const summaries = new Map<string, Summary>();
    for (const span of spans) addTo(summaries, span);
    for (const it of summaries.values()) {
      this.#upsert.run(
        it.trace,
        it.startUs,
        it.endUs,
        it.spans,
        it.errors,
        isRoot(it.root) ? 1 : 0,
        it.root.startUs,
        it.root.emitter.service,
        it.root.name,
        formatList([...it.services], maxServicesLength),
        formatList([...it.names], maxNamesLength),
      );
    }
  }
}

/** A span without a parent names the trace; while there is none (or never: the caller outside has it), the earliest does. */
const isBetter = 'excluded.has_root > has_root OR (excluded.has_root = has_root AND excluded.root_us < root_us)';

function addTo(summaries: Map<string, Summary>, span: SpanRow): void {
  const id = span.traceId.toHex();
  let summary = summaries.get(id);
  if (summary === undefined) {
    const endUs = span.startUs + span.durationUs;
    const { traceId: trace, startUs } = span;
    summary = { trace, startUs, endUs, spans: 0, errors: 0, root: span, services: new Set(), names: new Set() };
    summaries.set(id, summary);
  }
  summary.startUs = Math.min(summary.startUs, span.startUs);
  summary.endUs = Math.max(summary.endUs, span.startUs + span.durationUs);
  summary.spans++;
  if (span.isError) summary.errors++;
  summary.services.add(span.emitter.service);
  summary.names.add(span.name);
  const isEarlier = isRoot(span) === isRoot(summary.root) && span.startUs < summary.root.startUs;
  if ((isRoot(span) && !isRoot(summary.root)) || isEarlier) summary.root = span;
}

function isRoot(span: SpanRow): boolean {
  return span.parentSpanId === undefined;
}

/** `\na\nb\n`, whole entries only. */
function formatList(entries: readonly string[], maxLength: number): string {
  let text = listSeparator;
  for (const entry of entries) {
    const clean = entry.replaceAll(listSeparator, ' ');
    if (text.length + clean.length + 1 > maxLength) continue;
    text += clean + listSeparator;
  }
  return text;
}

export function parseList(text: string): string[] {
  return text.split(listSeparator).filter((entry) => entry !== '');
}

function mergeLists(a: string, b: string): string {
  if (a === b) return a;
  const added = parseList(b).filter((entry) => !a.includes(`${listSeparator}${entry}${listSeparator}`));
  return added.length === 0 ? a : formatList([...parseList(a), ...added], maxNamesLength);
}
