import { background, type Context, group, pipeline } from 'flotilla/concurrency';
import { check, checkSum, Held, numbers, sumBelow, type Works } from './work.ts';

const ctx: Context = background().withCancel();

/** Our groups and pipelines. */
export const taskWorks: Works = {
  'group-100': async (n) => {
    let count = 0;
    const task = async () => {
      count++;
    };
    for (let wave = 0; wave < n / 100; wave++) {
      const tasks = group(ctx);
      for (let i = 0; i < 100; i++) tasks.go(task);
      await tasks.wait();
    }
    check(count, n);
  },
  'limit-8': async (n) => {
    const held = new Held(8);
    const task = held.task();
    for (let wave = 0; wave < n / 1000; wave++) {
      const tasks = group(ctx, { limit: 8 });
      for (let i = 0; i < 1000; i++) tasks.go(task);
      await tasks.wait();
    }
    held.done(n);
  },
  'pipeline-5': async (n) => {
    let last = pipeline(ctx, numbers(n));
    for (let stage = 0; stage < 5; stage++) last = last.map((i) => i + 1);
    checkSum(await last.reduce((sum, i) => (sum + i) | 0, 0), sumBelow(n) + 5 * n);
  },
};
