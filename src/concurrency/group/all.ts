import type { Context } from '../context/context.ts';
import { type GroupOptions, group } from './group.ts';
import type { TaskFn } from './task.ts';

/** What `all` runs: functions by name, or in a list. */
export type TaskFns = readonly TaskFn<unknown>[] | Readonly<Record<string, TaskFn<unknown>>>;

/** The results under the names, or at the places, of their functions. */
export type AllResults<F extends TaskFns> = {
  -readonly [Name in keyof F]: F[Name] extends TaskFn<infer T> ? Awaited<T> : never;
};

/**
 * Runs all functions in a group, at most `limit` at a time (default: all), and gives their results:
 *
 *     const { user, posts } = await all(ctx, {
 *       user: (ctx) => loadUser(ctx, id),
 *       posts: (ctx) => loadPosts(ctx, id),
 *     });
 *
 * The first error cancels the others, and is thrown once all have ended: unlike those of `Promise.all`, none goes on
 * behind the caller's back. Throws the error of `ctx` if that ended them.
 */
export async function all<const F extends TaskFns>(
  ctx: Context,
  fns: F,
  { limit = Number.POSITIVE_INFINITY }: Pick<GroupOptions, 'limit'> = {},
): Promise<AllResults<F>> {
  const byName = fns as Readonly<Record<string, TaskFn<unknown>>>;
  const names = Object.keys(byName);
  const g = group(ctx, { limit, queue: names.length });
  const tasks = names.map((name) => g.go(byName[name]!));
  await g.wait();
  if (Array.isArray(fns)) return tasks.map((task) => task.value) as AllResults<F>;
  // A copy has the names as properties of its own, so that even `__proto__` is assigned like any other.
  const results: Record<string, unknown> = { ...byName };
  for (let at = 0; at < tasks.length; at++) results[names[at]!] = tasks[at]!.value;
  return results as AllResults<F>;
}
