import { background, type Context, Mutex, Semaphore, SingleFlight } from 'flotilla/concurrency';
import { check, Held, inParallel, type Works } from './work.ts';

const ctx: Context = background().withCancel();

/** Our locks and SingleFlight, the locks without an `await` where they are free. */
export const lockWorks: Works = {
  mutex: async (n) => {
    const mutex = new Mutex();
    const held = new Held(1);
    await inParallel(8, async () => {
      for (let i = 0; i < n / 8; i++) {
        const lock = mutex.tryLock() ?? (await mutex.lock(ctx));
        held.enter();
        await undefined;
        held.leave();
        lock.unlock();
      }
    });
    held.done(n);
  },
  'mutex-uncontended': async (n) => {
    const mutex = new Mutex();
    let count = 0;
    for (let i = 0; i < n; i++) {
      const lock = mutex.tryLock() ?? (await mutex.lock(ctx));
      count++;
      lock.unlock();
    }
    check(count, n);
  },
  semaphore: async (n) => {
    const semaphore = new Semaphore(4);
    const held = new Held(4);
    await inParallel(16, async () => {
      for (let i = 0; i < n / 16; i++) {
        const permit = semaphore.tryAcquire() ?? (await semaphore.acquire(ctx));
        held.enter();
        await undefined;
        held.leave();
        permit.release();
      }
    });
    held.done(n);
  },
  'singleflight-hit': async (n) => {
    const flights = new SingleFlight<string, number>();
    for (let wave = 0; wave < n / 64; wave++) {
      const gate = Promise.withResolvers<number>();
      let calls = 0;
      let sum = 0;
      const call = () => {
        calls++;
        return gate.promise;
      };
      const callers = inParallel(64, async () => {
        const value = await flights.do(ctx, 'key', call);
        sum += value;
      });
      gate.resolve(7);
      await callers;
      check(calls, 1);
      check(sum, 7 * 64);
    }
  },
};
