import type { Context } from '../context/context.ts';
import type { Awaitable } from '../parking/waiting.ts';
import type { Pipeline } from './pipeline.ts';
import type { Run } from './run.ts';

/** Calls `reduce` with the results of the calls of map, the last stage of `run`, and ends them when it returned. */
export async function mapReduce<M, R>(
  run: Run,
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
    if (run.failure === undefined) return result;
    throw run.failure.error;
  } catch (error) {
    throw run.fail(error);
  } finally {
    stop();
    run.end();
    await values.close();
    scope[Symbol.dispose]();
  }
}
