import { setTimeout } from 'node:timers/promises';
import { arrivals, seededRandom } from '../../src/cli/load/arrivals.ts';

export interface LoadOptions {
  readonly perSecond: number;
  /** What comes first and does not count: a client finds its way. */
  readonly settlingSeconds: number;
  readonly seconds: number;
  readonly seed: number;
  /** Ends it sooner. Default: never. */
  readonly signal?: AbortSignal;
}

/** What a call is labelled with, so that who gets it knows whether it counts. */
export type Label = 'settling' | 'measured';

/** Of the calls that count. */
export interface Calls {
  readonly sent: number;
  readonly failed: number;
  /** Latency in milliseconds of those that succeeded, from when they were due. */
  latency(quantile: number): number;
}

/** Calls at the times of a Poisson process, whatever becomes of them (open loop), and waits for the last one. */
export async function openLoop(
  { perSecond, settlingSeconds, seconds, seed, signal }: LoadOptions,
  call: (label: Label) => Promise<unknown>,
): Promise<Calls> {
  const startedAt = performance.now();
  const settledMs = settlingSeconds * 1000;
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  let sent = 0;
  let failed = 0;
  const start = async (dueMs: number) => {
    const counts = dueMs >= settledMs;
    if (counts) sent++;
    try {
      await call(counts ? 'measured' : 'settling');
      if (counts) latencies.push(performance.now() - startedAt - dueMs);
    } catch {
      if (counts) failed++;
    }
  };
  for (const dueMs of arrivals('poisson', perSecond, seededRandom(seed))) {
    if (signal?.aborted || dueMs >= settledMs + seconds * 1000) break;
    for (;;) {
      const waitMs = dueMs - (performance.now() - startedAt);
      if (waitMs <= 0) break;
      await setTimeout(waitMs);
    }
    running.push(start(dueMs));
  }
  await Promise.all(running);
  latencies.sort((a, b) => a - b);
  return {
    sent,
    failed,
    latency: (quantile) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * quantile))] ?? NaN,
  };
}
