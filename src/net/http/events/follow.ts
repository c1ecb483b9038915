import { after, type Context, chan, done, recv, select } from '../../../concurrency/index.ts';

export interface FollowOptions<T, C> {
  /** What a value is on the wire. */
  readonly encode: (value: T) => C;
  /** What is sent after so many milliseconds of silence; 0: never. Default: nothing. */
  readonly idle?: { readonly chunk: C; readonly ms: number };
  /** Its end ends the stream, as if the source had ended. Default: nothing does. */
  readonly drain?: Context;
}

/**
 * The source's values as chunks, for as long as the call is wanted: throws the Context's error when it ends, even while
 * the source is waiting for something else. The source's `return` is called whenever it is left early.
 */
export async function* follow<T, C>(
  ctx: Context,
  source: AsyncIterable<T>,
  { encode, idle, drain }: FollowOptions<T, C>,
): AsyncGenerator<C> {
  const iterator = source[Symbol.asyncIterator]();
  // What the source gave; closed when it has ended or failed.
  const steps = chan<IteratorYieldResult<T>>(1);
  let failure: { readonly error: unknown } | undefined;
  const pull = () => {
    iterator.next().then(
      (step) => {
        if (step.done === true) steps.close();
        else steps.trySend(step);
      },
      (error: unknown) => {
        failure = { error };
        steps.close();
      },
    );
  };
  const next = recv(steps);
  const drained = drain === undefined ? recv(undefined) : done(drain);
  const idleMs = idle?.ms ?? 0;
  try {
    pull();
    for (;;) {
      const got = await select(ctx, { next, drained, silence: idleMs > 0 ? after(ctx, idleMs) : recv(undefined) });
      if (got.case === 'drained') return;
      if (got.case === 'silence') {
        yield idle!.chunk;
        continue;
      }
      if (failure !== undefined) throw failure.error;
      if (got.value === undefined) return;
      yield encode(got.value.value);
      pull();
    }
  } finally {
    // A generator in the middle of an `await` cleans up when that ends; it knows the Context, so nobody waits here.
    if (!steps.isClosed) Promise.try(async () => iterator.return?.()).catch(() => {});
  }
}
