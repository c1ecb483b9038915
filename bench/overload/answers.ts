import { quantile } from '../http-hostile/honest.ts';

/** An answer later than this is as good as none: its user has gone. */
export const deadlineMs = 200;

/** A stretch of a load: so many requests per second on average, for so long. */
export interface Phase {
  readonly perSecond: number;
  readonly seconds: number;
}

/** What became of the requests of a run. */
export class Answers {
  readonly phases: readonly Phase[];
  readonly #kinds: number;
  readonly #due: number[] = [];
  readonly #kind: number[] = [];
  readonly #status: number[] = [];
  readonly #tookMs: number[] = [];

  constructor(phases: readonly Phase[], kinds: number) {
    this.phases = phases;
    this.#kinds = kinds;
  }

  /** A request is due now; gives its number. */
  due(dueMs: number, kind: number): number {
    this.#kind.push(kind);
    this.#status.push(0);
    this.#tookMs.push(0);
    return this.#due.push(dueMs) - 1;
  }

  answered(request: number, status: number, atMs: number): void {
    const dueMs = this.#due[request];
    // Of a run that nobody waits for any more.
    if (dueMs === undefined) return;
    this.#status[request] = status;
    this.#tookMs[request] = atMs - dueMs;
  }

  /** Requests answered with that status, late ones too. */
  count(status: number, span = this.whole()): number {
    return this.#sum(span, (i) => this.#status[i] === status);
  }

  /** Requests that were answered with something else than 200. */
  refused(span = this.whole()): number {
    return this.#sum(span, (i) => this.#status[i] !== 200 && this.#status[i] !== 0);
  }

  /** Per second: answered with 200 within the deadline. */
  goodput(span = this.whole()): number {
    return (this.#sum(span, (i) => this.#isGood(i)) * 1000) / (span.toMs - span.fromMs);
  }

  offered(span = this.whole()): number {
    return (this.#sum(span, () => true) * 1000) / (span.toMs - span.fromMs);
  }

  /** Share of the requests of each kind that were answered with 200 in time. */
  success(span = this.whole()): number[] {
    return Array.from({ length: this.#kinds }, (_, kind) => {
      const all = this.#sum(span, (i) => this.#kind[i] === kind);
      return this.#sum(span, (i) => this.#kind[i] === kind && this.#isGood(i)) / all;
    });
  }

  /** Milliseconds, over all that were answered with 200. */
  latency(share: number, span = this.whole()): number {
    return quantile(
      this.#tookMs.filter((_, i) => this.#status[i] === 200 && this.#isIn(span, i)),
      share,
    );
  }

  whole(): Span {
    return { fromMs: 0, toMs: this.phases.reduce((sum, { seconds }) => sum + seconds * 1000, 0) };
  }

  /** A phase without its first seconds. */
  phase(index: number, withoutSeconds = 0): Span {
    const fromMs = this.phases.slice(0, index).reduce((sum, { seconds }) => sum + seconds * 1000, 0);
    return { fromMs: fromMs + withoutSeconds * 1000, toMs: fromMs + this.phases[index]!.seconds * 1000 };
  }

  /** Stretches of so long, the last one perhaps shorter. */
  slices(span: Span, everyMs: number): Slice[] {
    const count = Math.ceil((span.toMs - span.fromMs) / everyMs);
    const slices = Array.from({ length: count }, (_, i) => ({ atMs: i * everyMs, offered: 0, good: 0 }));
    for (const [i, dueMs] of this.#due.entries()) {
      if (!this.#isIn(span, i)) continue;
      const slice = slices[Math.floor((dueMs - span.fromMs) / everyMs)]!;
      slice.offered++;
      if (this.#isGood(i)) slice.good++;
    }
    return slices;
  }

  #isGood(i: number): boolean {
    return this.#status[i] === 200 && this.#tookMs[i]! <= deadlineMs;
  }

  #isIn({ fromMs, toMs }: Span, i: number): boolean {
    return this.#due[i]! >= fromMs && this.#due[i]! < toMs;
  }

  #sum(span: Span, is: (i: number) => boolean): number {
    let sum = 0;
    for (let i = 0; i < this.#due.length; i++) if (this.#isIn(span, i) && is(i)) sum++;
    return sum;
  }
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Slice {
  readonly atMs: number;
  readonly offered: number;
  readonly good: number;
}
