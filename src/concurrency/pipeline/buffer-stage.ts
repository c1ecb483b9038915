import { Ring } from '../channel/ring.ts';
import { notReady } from '../channel/select-case.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Ahead } from './ahead.ts';
import { ReadyStage } from './ready-stage.ts';
import type { Run } from './run.ts';
import { type End, end, type Stage } from './stage.ts';

/** Pulls ahead from the first pull on. Holds up to `size` elements, the one that is being pulled among them. */
export class BufferStage<T> extends ReadyStage<T> {
  readonly #size: number;
  readonly #upstream: Ahead<T>;
  readonly #items = new Ring<T>();
  /** What comes behind the last item. */
  #last: { readonly error?: unknown } | undefined;

  constructor(upstream: Stage<T>, run: Run, size: number) {
    super(run, `an element of buffer(${size})`);
    this.#size = size;
    this.#upstream = new Ahead(upstream, this.#arrived);
  }

  close(): Awaitable<void> {
    return this.#upstream.close();
  }

  protected attempt(): T | End | typeof notReady {
    if (this.#items.length === 0) this.#fill();
    if (this.#items.length > 0) {
      const item = this.#items.shift();
      this.#fill();
      return item;
    }
    if (this.#last === undefined) return notReady;
    if ('error' in this.#last) throw this.#last.error;
    return end;
  }

  #fill(): void {
    while (this.#last === undefined && this.#items.length < this.#size && this.#upstream.start()) this.#take();
  }

  #take(): void {
    try {
      const item = this.#upstream.take();
      if (item === end) this.#last = {};
      else this.#items.push(item);
    } catch (error) {
      this.#last = { error };
    }
  }

  readonly #arrived = (): void => {
    this.#fill();
    this.bell.ring();
  };
}
