import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from '../harness.ts';
import { check, checkSum, contestant, numbers, sumBelow, type Works } from './work.ts';

const deadlineMs = 1000;

/** What the platform has without any library. */
export function platformContestants(targetMs: number): Record<string, Contestant> {
  const signals = contestant(signalWorks, targetMs);
  return {
    async platform(part) {
      const measured = await signals(part);
      // The timer of a signal cannot be taken back: those of the measurement would expire in somebody else's.
      await sleep(deadlineMs);
      return measured;
    },
    'async-generators': contestant(generatorWorks, targetMs),
  };
}

const signalWorks: Works = {
  'context-deadline': async (n) => {
    const server = new AbortController();
    let live = 0;
    for (let i = 0; i < n; i++) {
      const signal = AbortSignal.any([server.signal, AbortSignal.timeout(deadlineMs)]);
      if (!signal.aborted) live++;
    }
    check(live, n);
  },
};

const generatorWorks: Works = {
  'pipeline-5': async (n) => {
    let last: AsyncIterable<number> | Iterable<number> = numbers(n);
    for (let stage = 0; stage < 5; stage++) last = map(last, (i) => i + 1);
    let sum = 0;
    for await (const i of last) sum = (sum + i) | 0;
    checkSum(sum, sumBelow(n) + 5 * n);
  },
};

async function* map(
  source: AsyncIterable<number> | Iterable<number>,
  fn: (i: number) => number,
): AsyncGenerator<number> {
  for await (const i of source) yield fn(i);
}
