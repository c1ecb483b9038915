import type { SpanRow } from '../otlp/records.ts';
import { Generations } from './generations.ts';

/** A call from one service to another. */
export interface Edge {
  readonly source: string;
  readonly target: string;
  readonly startUs: number;
  /** As the caller saw it, where the caller recorded it. */
  readonly durationUs: number;
  readonly isError: boolean;
}

interface Seen {
  readonly service: string;
  readonly kind: number;
  readonly startUs: number;
  readonly durationUs: number;
  readonly isError: boolean;
}

const server = 2;
const client = 3;
const producer = 4;
const consumer = 5;
/** Spans remembered in each generation: seconds of a busy fleet, which is how far the two ends of a call arrive apart. */
const defaultMaxSpans = 32_768;

/**
 * Finds calls between services: a server span whose parent belongs to another service. The two arrive in any order and
 * from different processes, so each is remembered for a while. In memory only: a restart misses the calls under way.
 */
export class EdgeMatcher {
  readonly #parents: Generations<Seen>;
  readonly #waiting: Generations<Seen[]>;

  constructor(maxSpans = defaultMaxSpans) {
    this.#parents = new Generations(maxSpans);
    this.#waiting = new Generations(maxSpans);
  }

  match(spans: readonly SpanRow[]): Edge[] {
    const edges: Edge[] = [];
    for (const span of spans) {
      const seen: Seen = {
        service: span.emitter.service,
        kind: span.kind,
        startUs: span.startUs,
        durationUs: span.durationUs,
        isError: span.isError,
      };
      this.#asParent(span.spanId.toHex(), seen, edges);
      if (span.parentSpanId !== undefined && (span.kind === server || span.kind === consumer)) {
        this.#asChild(span.parentSpanId.toHex(), seen, edges);
      }
    }
    return edges;
  }

  #asParent(id: string, parent: Seen, edges: Edge[]): void {
    const children = this.#waiting.get(id);
    if (children !== undefined) {
      for (const child of children) push(edges, parent, child);
      this.#waiting.delete(id);
    }
    this.#parents.set(id, parent);
  }

  #asChild(parentId: string, child: Seen, edges: Edge[]): void {
    const parent = this.#parents.get(parentId);
    if (parent !== undefined) {
      push(edges, parent, child);
      return;
    }
    const others = this.#waiting.get(parentId);
    if (others === undefined) this.#waiting.set(parentId, [child]);
    else if (others.length < 100) others.push(child);
  }
}

function push(edges: Edge[], parent: Seen, child: Seen): void {
  if (parent.service === child.service) return;
  const isCall = parent.kind === client || parent.kind === producer;
  edges.push({
    source: parent.service,
    target: child.service,
    startUs: child.startUs,
    durationUs: parent.kind === client ? parent.durationUs : child.durationUs,
    isError: child.isError || (isCall && parent.isError),
  });
}
