import { type Awaitable, background, type Context, isContextError, yieldNow } from 'flotilla/concurrency';

/**
 * The goroutines of one test. The first that fails ends `ctx`, so nobody waits for it in vain; leaving the block ends all
 * and throws its error. A task that is ended from outside has not failed.
 */
export class Tasks implements AsyncDisposable {
  readonly ctx = background().withCancel();
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  go(body: (ctx: Context) => Awaitable<unknown>): void {
    const running = this.#run(body);
    this.#running.add(running);
    running.finally(() => this.#running.delete(running));
  }

  /** Until all that were started have ended. */
  async wait(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ctx.cancel();
    await this.wait();
  }

  async #run(body: (ctx: Context) => Awaitable<unknown>): Promise<void> {
    try {
      await body(this.ctx);
    } catch (error) {
      if (this.ctx.err() !== undefined && isContextError(error)) return;
      this.#failure ??= { error };
      this.ctx.cancel(error);
    }
  }
}

/** Until all that can go on has gone on: then what still waits, waits for somebody else. */
export async function quiescence(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await yieldNow();
}

/** What becomes of an operation that nobody answers. */
export type Fate = 'blocks' | 'proceeds' | 'throws';

/** Starts an operation under a Context of its own, looks what becomes of it, and takes it back if it waits. */
export async function fateOf(operation: (ctx: Context) => Awaitable<unknown>): Promise<Fate> {
  using ctx = background().withCancel();
  let fate: Fate = 'blocks';
  const running = (async () => operation(ctx))().then(
    () => {
      fate = 'proceeds';
    },
    () => {
      if (ctx.err() === undefined) fate = 'throws';
    },
  );
  await quiescence();
  ctx.cancel();
  await running;
  return fate;
}
