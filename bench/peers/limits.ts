import { Semaphore } from 'async-mutex';
import fastq from 'fastq';
import pLimit from 'p-limit';
import { check, Held, inParallel, type Works } from '../concurrency/work.ts';

/** Its Mutex is a Semaphore of 1 behind functions that were compiled for old engines and cost two microseconds. */
export const asyncMutexWorks: Works = {
  mutex: (n) => contended(n, 1, 8),
  'mutex-uncontended': async (n) => {
    const mutex = new Semaphore(1);
    let count = 0;
    for (let i = 0; i < n; i++) {
      const [, unlock] = await mutex.acquire();
      count++;
      unlock();
    }
    check(count, n);
  },
  semaphore: (n) => contended(n, 4, 16),
};

async function contended(n: number, permits: number, tasks: number): Promise<void> {
  const semaphore = new Semaphore(permits);
  const held = new Held(permits);
  await inParallel(tasks, async () => {
    for (let i = 0; i < n / tasks; i++) {
      const [, release] = await semaphore.acquire();
      held.enter();
      await undefined;
      held.leave();
      release();
    }
  });
  held.done(n);
}

export const pLimitWorks: Works = {
  'group-100': async (n) => {
    const limit = pLimit(Number.POSITIVE_INFINITY);
    let count = 0;
    const task = async () => {
      count++;
    };
    for (let wave = 0; wave < n / 100; wave++) await Promise.all(Array.from({ length: 100 }, () => limit(task)));
    check(count, n);
  },
  'limit-8': async (n) => {
    const limit = pLimit(8);
    const held = new Held(8);
    const task = held.task();
    for (let wave = 0; wave < n / 1000; wave++) await Promise.all(Array.from({ length: 1000 }, () => limit(task)));
    held.done(n);
  },
};

/** With callbacks, its faster form. */
export const fastqWorks: Works = {
  'group-100': async (n) => {
    let count = 0;
    const task = async () => {
      count++;
    };
    for (let wave = 0; wave < n / 100; wave++) await pushAll(task, 100, Number.MAX_SAFE_INTEGER);
    check(count, n);
  },
  'limit-8': async (n) => {
    const held = new Held(8);
    const task = held.task();
    for (let wave = 0; wave < n / 1000; wave++) await pushAll(task, 1000, 8);
    held.done(n);
  },
};

/** Pushes a task so many times; resolves when all are done. */
function pushAll(task: () => Promise<void>, times: number, concurrency: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = times;
    const queue = fastq<() => Promise<void>>((fn, done) => {
      fn().then(() => done(null), done);
    }, concurrency);
    const done = (error: Error | null) => {
      if (error !== null) reject(error);
      else if (--left === 0) resolve();
    };
    for (let i = 0; i < times; i++) queue.push(task, done);
  });
}
