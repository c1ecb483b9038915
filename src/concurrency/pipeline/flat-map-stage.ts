import { isThenable } from '../parking/thenable.ts';
import type { Awaitable } from '../parking/waiting.ts';
import type { ElementFn } from './options.ts';
import type { Run } from './run.ts';
import { openSource, type Source } from './source.ts';
import { closeAll, type End, end, type Pulled, type Stage } from './stage.ts';
import { Stepped, skip } from './stepped.ts';

/** Reads one inner source at a time, and holds nothing between pulls. */
export class FlatMapStage<T, R> extends Stepped<T, R> {
  readonly #run: Run;
  readonly #fn: ElementFn<T, Source<R>>;
  #inner: Stage<R> | undefined;

  constructor(upstream: Stage<T>, run: Run, fn: ElementFn<T, Source<R>>) {
    super(upstream);
    this.#run = run;
    this.#fn = fn;
  }

  override close(): Awaitable<void> {
    return this.#inner === undefined ? this.upstream.close() : closeAll([this.#inner, this.upstream]);
  }

  protected override step(): Pulled<R | typeof skip> {
    if (this.#inner === undefined) return super.step();
    const item = this.#inner.pull();
    if (item instanceof Promise) return item.then(this.#leaveAtEnd);
    return item === end ? this.#leave() : item;
  }

  protected accept(item: T | End): End | typeof skip | Promise<typeof skip> {
    if (item === end) return end;
    const source = this.#fn(item, this.#run.scope);
    // A query may be both, a promise of all rows and a stream of them: it is read as it comes.
    return isThenable(source) && !(Symbol.asyncIterator in source)
      ? Promise.resolve(source).then(this.#enter)
      : this.#enter(source as Source<R>);
  }

  readonly #enter = (source: Source<R>): typeof skip => {
    this.#inner = openSource(this.#run, source);
    return skip;
  };

  readonly #leaveAtEnd = (item: R | End): Pulled<R | typeof skip> => (item === end ? this.#leave() : item);

  #leave(): typeof skip | Promise<typeof skip> {
    const closing = this.#inner!.close();
    this.#inner = undefined;
    return closing instanceof Promise ? closing.then(() => skip) : skip;
  }
}
