import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SpanRow } from '../otlp/records.ts';
import { Generations } from './generations.ts';
import { spansPerTrace, traceHash } from './schema.ts';

/** What a list of traces shows of one, kept in memory while its spans arrive. */
interface Summary {
  readonly no: number;
  readonly trace: Uint8Array;
  startUs: number;
  endUs: number;
  spans: number;
  errors: number;
  /** A span without a parent; while there is none (or never: the caller outside has it), the earliest. */
  root: Root | undefined;
  readonly services: Set<string>;
  readonly names: Set<string>;
  isStored: boolean;
}

interface Root {
  readonly hasParent: boolean;
  readonly startUs: number;
  readonly service: string;
  readonly name: string;
}

/** Traces remembered in each generation. One that is forgotten and goes on gets a second row: readers add them up. */
const maxTraces = 16_384;
/** The names of a trace's spans, and its services, are kept for search up to this many. */
const maxNames = 100;
const maxNameLength = 100;
/** Stands around each entry of a list, so that one entry can be found in the text of all. */
export const listSeparator = '\n';

/** The traces of one chunk: a number for each, and one row with what a list of traces shows. */
export class TraceTable {
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #known = new Generations<Summary>(maxTraces);
  readonly #changed = new Set<Summary>();
  #nextNo: number;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(
      `INSERT INTO traces (no, hash, trace, start_us, end_us, spans, errors, has_root, root_us, root_service, root_name,
         services, names) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = db.prepare(
      `UPDATE traces SET start_us = ?, end_us = ?, spans = ?, errors = ?, has_root = ?, root_us = ?, root_service = ?,
         root_name = ?, services = ?, names = ? WHERE no = ?`,
    );
    const { last } = db.prepare('SELECT max(no) AS last FROM traces').get() as { last: number | null };
    this.#nextNo = (last ?? 0) + 1;
  }

  /** Takes a span into its trace; returns the span's id. */
  addSpan(span: SpanRow): number {
    const it = this.#find(span.traceId, span.startUs);
    it.startUs = Math.min(it.startUs, span.startUs);
    it.endUs = Math.max(it.endUs, span.startUs + span.durationUs);
    if (span.isError) it.errors++;
    if (it.services.size < maxNames) it.services.add(span.emitter.service);
    if (it.names.size < maxNames) it.names.add(span.name);
    const hasParent = span.parentSpanId !== undefined;
    if (it.root === undefined || isBetterRoot(hasParent, span.startUs, it.root)) {
      it.root = { hasParent, startUs: span.startUs, service: span.emitter.service, name: span.name };
    }
    this.#changed.add(it);
    return it.no * spansPerTrace + it.spans++;
  }

  /** The number of a trace that a log line belongs to. */
  numberOf(traceId: Uint8Array, timeUs: number): number {
    return this.#find(traceId, timeUs).no;
  }

  /** Writes the rows of the traces that changed; within the transaction of what changed them. */
  flush(): void {
    for (const it of this.#changed) {
      const { no, trace, startUs, endUs, spans, errors, root } = it;
      const hasRoot = root?.hasParent === false ? 1 : 0;
      const { startUs: rootUs, service, name } = root ?? { startUs, service: '', name: '' };
      const services = formatList(it.services);
      const names = formatList(it.names);
      if (it.isStored) {
        this.#update.run(startUs, endUs, spans, errors, hasRoot, rootUs, service, name, services, names, no);
      } else {
        const hash = traceHash(trace);
        this.#insert.run(
          no,
          hash,
          trace,
          startUs,
          endUs,
          spans,
          errors,
          hasRoot,
          rootUs,
          service,
          name,
          services,
          names,
        );
        it.isStored = true;
      }
    }
    this.#changed.clear();
  }

  /** After a rollback: what memory says of these traces is not what the file says. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
  }

  #find(traceId: Uint8Array, timeUs: number): Summary {
    const id = traceId.toHex();
    const known = this.#known.get(id);
    if (known !== undefined && known.spans < spansPerTrace) return known;
    const made: Summary = {
      no: this.#nextNo++,
      // The bytes are a view of the whole request, which must not be kept for it.
      trace: traceId.slice(),
      startUs: timeUs,
      endUs: timeUs,
      spans: 0,
      errors: 0,
      root: undefined,
      services: new Set(),
      names: new Set(),
      isStored: false,
    };
    this.#known.set(id, made);
    this.#changed.add(made);
    return made;
  }
}

function isBetterRoot(hasParent: boolean, startUs: number, root: Root): boolean {
  return hasParent === root.hasParent ? startUs < root.startUs : !hasParent;
}

/** `\na\nb\n` */
function formatList(entries: ReadonlySet<string>): string {
  let text = listSeparator;
  for (const entry of entries) text += entry.slice(0, maxNameLength).replaceAll(listSeparator, ' ') + listSeparator;
  return text;
}

export function parseList(text: string): string[] {
  return text.split(listSeparator).filter((entry) => entry !== '');
}
