import { createRequire } from 'node:module';
import Bottleneck from 'bottleneck';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { check, nameWalk, users, type Work, type Works } from '../../guard/work.ts';

const plenty = 1_000_000_000;
const hourS = 3600;
const wave = 500;

/** Its timers make one call after another wait for a millisecond each: many at once are what it does best. */
export const bottleneckWorks: Works = {
  limiter: () => {
    const limiter = new Bottleneck({ reservoir: plenty });
    const call = async () => 1;
    return async (n) => {
      let sum = 0;
      for (let left = n; left > 0; left -= wave) {
        const calls = Array.from({ length: Math.min(wave, left) }, () => limiter.schedule(call));
        for (const one of await Promise.all(calls)) sum += one;
      }
      check(sum, n);
    };
  },
  'limiter-refused': () => {
    const limiter = new Bottleneck({ reservoir: 0, highWater: 0, strategy: Bottleneck.strategy.OVERFLOW });
    const call = async () => 1;
    return async (n) => {
      let count = 0;
      for (let left = n; left > 0; left -= wave) {
        const calls = Array.from({ length: Math.min(wave, left) }, () => limiter.schedule(call));
        for (const { status } of await Promise.allSettled(calls)) if (status === 'rejected') count++;
      }
      check(count, n);
    };
  },
};

export const flexibleWorks: Works = {
  limiter: () => {
    const limiter = new RateLimiterMemory({ points: plenty, duration: hourS });
    return async (n) => {
      let admitted = 0;
      for (let i = 0; i < n; i++) if ((await limiter.consume('all')).remainingPoints >= 0) admitted++;
      check(admitted, n);
    };
  },
  'limiter-refused': () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: hourS });
    return async (n) => {
      let refused = 0;
      await limiter.consume('all').catch(() => {});
      for (let i = 0; i < n; i++) {
        try {
          await limiter.consume('all');
        } catch {
          refused++;
        }
      }
      check(refused, n);
    };
  },
  'keyed-limit-1e6': () => flexibleKeyed(nameWalk(false)),
  'keyed-limit-1e6-read': () => flexibleKeyed(nameWalk(true)),
};

function flexibleKeyed(names: () => string): Work {
  const limiter = new RateLimiterMemory({ points: plenty, duration: hourS });
  return walk(async (n) => {
    let admitted = 0;
    for (let i = 0; i < n; i++) if ((await limiter.consume(names())).remainingPoints >= 0) admitted++;
    check(admitted, n);
  });
}

/** Its store alone, as its hook calls it, with room for all. */
export const fastifyWorks: Works = {
  'keyed-limit-1e6': () => fastifyKeyed(nameWalk(false)),
  'keyed-limit-1e6-read': () => fastifyKeyed(nameWalk(true)),
};

function fastifyKeyed(names: () => string): Work {
  const load = createRequire(import.meta.url);
  const Store = load('@fastify/rate-limit/store/LocalStore.js') as new (
    continueExceeding: boolean,
    exponentialBackoff: boolean,
    cache: number,
  ) => Store;
  const store = new Store(false, false, users);
  let admitted = 0;
  const answered = (_: unknown, { current }: { readonly current: number }) => {
    if (current <= plenty) admitted++;
  };
  return walk((n) => {
    admitted = 0;
    for (let i = 0; i < n; i++) store.incr(names(), answered, hourS * 1000, plenty);
    check(admitted, n);
  });
}

interface Store {
  incr(
    key: string,
    callback: (error: unknown, state: { readonly current: number }) => void,
    windowMs: number,
    max: number,
  ): void;
}

/** All users are known when it is measured. */
function walk(work: (n: number) => unknown): Work {
  let isFilled = false;
  return async (n) => {
    if (!isFilled) await work(users);
    isFilled = true;
    await work(n);
  };
}
