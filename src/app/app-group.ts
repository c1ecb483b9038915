import type { Context } from '../concurrency/index.ts';
import type { DrainOptions, Endpoint } from '../service/index.ts';
import type { App, AppState } from './app.ts';
import { runProcess } from './run-process.ts';

/** From the least to the most ready; a group is as ready as its least ready app. */
const states: readonly AppState[] = ['stopped', 'draining', 'starting', 'ready'];

/**
 * Several apps as one: what a process runs that hosts more than one service. They start in the given order (callees
 * first) and stop in reverse, callers first, so that no call finds its callee gone. If one fails to start, those that
 * had started are stopped. Throws a TypeError if there is none.
 */
export function appGroup(name: string, apps: readonly App[]): App {
  const [first] = apps;
  if (first === undefined) throw new TypeError(`appGroup "${name}": no apps given; it needs at least one`);
  const stop = async (ctx: Context, options?: DrainOptions) => {
    for (const app of [...apps].reverse()) await app.stop(ctx, options);
  };
  const group: App = {
    name,
    telemetry: first.telemetry,
    stopLimitMs: apps.reduce((sum, app) => sum + app.stopLimitMs, 0),
    get state() {
      return states.find((state) => apps.some((app) => app.state === state)) ?? 'stopped';
    },
    get endpoints(): readonly Endpoint[] {
      return apps.flatMap((app) => app.endpoints);
    },
    async start(ctx) {
      try {
        for (const app of apps) await app.start(ctx);
      } catch (error) {
        await stop(ctx.withoutCancel());
        throw error;
      }
    },
    stop,
    async run(ctx) {
      if (ctx === undefined) return runProcess(async () => group);
      await group.start(ctx);
      await new Promise<void>((resolve) => ctx.onDone(resolve));
      await stop(ctx.withoutCancel());
    },
  };
  return group;
}
