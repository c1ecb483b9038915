import { Ring } from '../channel/ring.ts';
import { notReady } from '../channel/select-case.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Ahead } from './ahead.ts';
import { ReadyStage } from './ready-stage.ts';
import type { Run } from './run.ts';
import { closeAll, type End, end, type Pulled, type Stage } from './stage.ts';

/** After so many elements that were there at once, promises get their turn: those of sources that wait may be among them. */
const elementsPerMicrotask = 8;

/** Gives what is ready, the source that was served last coming last. Holds up to one element per source. */
export class FanInStage<T> extends ReadyStage<T> {
  readonly #sources: readonly Ahead<T>[];
  /** The sources that are not being waited for, in the order in which they are looked at. */
  readonly #queue = new Ring<Ahead<T>>();
  #pending = 0;
  #inARow = 0;

  constructor(sources: readonly Stage<T>[], run: Run) {
    super(run, `an element of fanIn of ${sources.length} sources`);
    this.#sources = sources.map((source) => new Ahead(source, this.#arrived));
    for (const source of this.#sources) this.#queue.push(source);
  }

  override pull(): Pulled<T> {
    const pulled = super.pull();
    if (this.#pending === 0 || pulled instanceof Promise || ++this.#inARow % elementsPerMicrotask !== 0) return pulled;
    return Promise.resolve(pulled);
  }

  close(): Awaitable<void> {
    return closeAll(this.#sources);
  }

  protected attempt(): T | End | typeof notReady {
    while (this.#queue.length > 0) {
      const source = this.#queue.shift();
      if (source.start()) {
        const item = source.take();
        if (item !== end) {
          this.#queue.push(source);
          return item;
        }
      } else {
        this.#pending++;
      }
    }
    return this.#pending === 0 ? end : notReady;
  }

  readonly #arrived = (source: Ahead<T>): void => {
    this.#pending--;
    this.#queue.push(source);
    this.bell.ring();
  };
}
