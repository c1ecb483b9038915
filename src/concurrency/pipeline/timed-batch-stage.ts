import type { Awaitable } from '../parking/waiting.ts';
import type { Timer } from '../time/clock.ts';
import { Ahead } from './ahead.ts';
import { Bell } from './bell.ts';
import type { Run } from './run.ts';
import { type End, end, type Stage } from './stage.ts';

/**
 * Batches that also end some time after their first element. Holds up to `size` elements; the one that is being pulled when
 * the time is up is the first of the next batch.
 */
export class TimedBatchStage<T> implements Stage<T[]> {
  readonly #run: Run;
  readonly #size: number;
  readonly #ms: number;
  readonly #upstream: Ahead<T>;
  readonly #bell: Bell;
  /** Armed while an open batch waits for an element. */
  #timer: Timer | undefined;
  #isTimeUp = false;
  #isOver = false;

  constructor(upstream: Stage<T>, run: Run, size: number, ms: number) {
    this.#run = run;
    this.#size = size;
    this.#ms = ms;
    this.#bell = new Bell(`an element of batch(${size}, ${ms})`);
    this.#upstream = new Ahead(upstream, () => this.#bell.ring());
  }

  async pull(): Promise<T[] | End> {
    if (this.#isOver) return end;
    try {
      return await this.#collect();
    } finally {
      this.#timer?.stop();
      this.#timer = undefined;
      this.#isTimeUp = false;
    }
  }

  close(): Awaitable<void> {
    return this.#upstream.close();
  }

  async #collect(): Promise<T[] | End> {
    const { scope } = this.#run;
    const batch: T[] = [];
    let due = Number.POSITIVE_INFINITY;
    for (;;) {
      if (this.#upstream.start()) {
        const item = this.#upstream.take();
        if (item === end) {
          this.#isOver = true;
          return batch.length === 0 ? end : batch;
        }
        batch.push(item);
        const now = scope.clock.now();
        if (batch.length === 1) due = now + this.#ms;
        if (batch.length === this.#size || this.#isTimeUp || now >= due) return batch;
      } else if (this.#isTimeUp) {
        return batch;
      } else {
        if (batch.length > 0) this.#arm(due);
        await this.#bell.wait(scope);
      }
    }
  }

  #arm(due: number): void {
    this.#timer ??= this.#run.scope.clock.at(due, () => {
      this.#isTimeUp = true;
      this.#bell.ring();
    });
  }
}
