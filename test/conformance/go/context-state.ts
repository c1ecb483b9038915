import { background, type Context, done, otherwise, select } from 'flotilla/concurrency';

/** Whether it has ended, asked as Go's tests do: by a select on its end with a way out. */
export function isDone(ctx: Context): boolean {
  return select(background(), { done: done(ctx), otherwise }).case === 'done';
}

/** How it ended. */
export function codeOf(ctx: Context): string | undefined {
  return ctx.err()?.code;
}
