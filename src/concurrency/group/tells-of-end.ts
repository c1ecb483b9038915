import type { Context } from '../context/context.ts';
import { isContextError } from '../context/context-tree.ts';

/** Whether a task that ran with `ctx` failed because that has ended: with its error, or with the AbortError of the platform. */
export function tellsOfEnd(error: unknown, ctx: Context): boolean {
  return (isContextError(error) || isAbort(error)) && ctx.err() !== undefined;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
