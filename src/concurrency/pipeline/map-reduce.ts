import type { Context } from '../context/context.ts';
import type { Awaitable } from '../parking/waiting.ts';
import type { Pipeline } from './pipeline.ts';
import type { Run } from './run.ts';
import type { Pulled, Stage } from './stage.ts';

/** Calls `reduce` with the results of the calls of map, which `lent` is the last stage of, and ends them when it returned. */
export async function mapReduce<M, R>(
  run: Run,
  lent: LentStage<M>,
  values: Pipeline<M>,
  reduce: (values: Pipeline<M>, ctx: Context) => Awaitable<R>,
): Promise<R> {
  // Its own: `run.scope` ends when the values do, and `reduce` may go on with its result.
  const scope = run.ctx.withCancel();
  const stop = run.scope.onDone(() => {
    if (run.failure !== undefined) scope.cancel(run.failure.error);
  });
  try {
    const result = await reduce(values, scope);
    if (run.failure !== undefined) throw run.failure.error;
    run.end();
    await lent.finish();
    return result;
  } catch (error) {
    const first = run.fail(error);
    await lent.finish().catch(() => undefined);
    throw first;
  } finally {
    stop();
    scope[Symbol.dispose]();
  }
}

/** A stage whose consumer may drop it without closing it, also while it pulls. */
export class LentStage<T> implements Stage<T> {
  readonly #stage: Stage<T>;
  #pulled: Pulled<T> | undefined;
  #closing: Promise<void> | undefined;

  constructor(stage: Stage<T>) {
    this.#stage = stage;
  }

  pull(): Pulled<T> {
    const pulled = this.#stage.pull();
    this.#pulled = pulled instanceof Promise ? pulled : undefined;
    return pulled;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes it unless its consumer did; that one has heard of an error of the closing. Call it when the run has ended. */
  async finish(): Promise<void> {
    if (this.#closing === undefined) await this.close();
    else await this.#closing.catch(() => undefined);
  }

  async #close(): Promise<void> {
    await Promise.allSettled([this.#pulled]);
    await this.#stage.close();
  }
}
