import { all, chan, fanIn, go, group, pipeline, sleep } from 'flotilla/concurrency';
import type { MakeWait } from './waits.ts';

const hour = 3_600_000;

/** Whatever starts tasks and owns them: it is made in each cycle, and costs as much as some dozen waits. */
export const scopes: Readonly<Record<string, MakeWait>> = {
  'a group with tasks that run and one that waits for a place': () => async (ctx) => {
    await using tasks = group(ctx, { limit: 2 });
    for (let i = 0; i < 3; i++) tasks.go((own) => sleep(own, hour));
    await tasks.wait();
  },
  'the room of a group': () => async (ctx) => {
    await using tasks = group(ctx, { limit: 1 });
    tasks.go((own) => sleep(own, hour));
    await tasks.room();
  },
  'all of some tasks': () => (ctx) => all(ctx, { a: (own) => sleep(own, hour), b: (own) => sleep(own, hour) }),
  'a task of its own': () => async (ctx) => {
    await using task = go(ctx, (own) => sleep(own, hour));
    await task;
  },
  'a pipeline': () => {
    const source = chan<number>();
    return (ctx) =>
      pipeline(ctx, source)
        .map((n) => n + 1)
        .buffer(2)
        .fanOut(2, (n) => n)
        .batch(10, hour)
        .toArray();
  },
  'a pipeline whose functions run': () => (ctx) =>
    pipeline(ctx, [1, 2, 3])
      .fanOut(2, (n, own) => sleep(own, hour).then(() => n))
      .forEach(() => {}),
  'the branches of a pipeline, and several sources': () => {
    const [left, right] = [chan<number>(), chan<number>()];
    return (ctx) => {
      const [a, b] = fanIn(ctx, [left, right]).tee(2, { buffer: 1 });
      return Promise.allSettled([a!.toArray(), b!.toArray()]);
    };
  },
};
