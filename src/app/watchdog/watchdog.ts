import { join } from 'node:path';
import type { Context } from '../../concurrency/index.ts';
import type { Telemetry } from '../../observe/index.ts';
import { guardDefaults } from '../../service/index.ts';
import { stallsMetric } from './heartbeat.ts';
import { type MemoryUse, memoryUse } from './memory-use.ts';
import { MemoryWatch } from './memory-watch.ts';
import { StuckLoop } from './stuck-loop.ts';

/** When a process ends itself so that it is started anew. */
export interface WatchdogOptions {
  /** An event loop that has not turned for so long is stuck. At least 4 beats. Default: 10,000 ms. */
  readonly stuckMs?: number;
  /** Between two beats of the loop. Default: 500 ms. */
  readonly beatMs?: number;
  /** How long a stuck loop is profiled. Default: 1,000 ms. */
  readonly profileMs?: number;
  /** Profiles beyond this number are removed, oldest first. Default: 5. */
  readonly maxProfiles?: number;
  /** Where profiles go. Default: `profiles` in the host's data directory. */
  readonly profileDir?: string;
  /** Default: on. */
  readonly memory?: MemoryOptions | false;
}

/** When memory counts as nearly used up. */
export interface MemoryOptions {
  /** Of the heap's limit, and of the memory that the process may have; between 0 and 1. Default: 0.9. */
  readonly highShare?: number;
  /** Between two samples. Default: 1,000 ms. */
  readonly sampleMs?: number;
  /** The lowest of so many samples counts. Default: 10. */
  readonly windowSamples?: number;
  /** So many such windows in a row. Default: 3. */
  readonly windows?: number;
  /** It drains after a random wait of at most this. Default: 10,000 ms. */
  readonly jitterMs?: number;
  /** Default: this process's. */
  readonly read?: () => MemoryUse;
  /** 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
}

export interface WatchdogSetup {
  readonly telemetry: Telemetry;
  readonly instance: string;
  /** Where profiles go by default: under it. */
  readonly dataDir: string;
  /** Its end is also told on stderr. */
  readonly tellsStderr: boolean;
  readonly onMemoryHigh: (why: string) => void;
}

/** What watches a process. */
export interface Watchdog {
  /** Waits until its thread has ended. */
  stop(): Promise<void>;
}

/** Starts watching this process. Throws a RangeError for an option out of its range. */
export function startWatchdog(ctx: Context, setup: WatchdogSetup, options: WatchdogOptions = {}): Watchdog {
  const { telemetry, instance, dataDir, tellsStderr, onMemoryHigh } = setup;
  const { memory = {}, profileDir = join(dataDir, 'profiles'), ...given } = options;
  const times = { ...guardDefaults.watchdog, ...given };
  check(times);
  telemetry.metrics.counter(...stallsMetric).with();
  const memoryWatch =
    memory === false
      ? undefined
      : new MemoryWatch(ctx, {
          ...guardDefaults.memory,
          random: Math.random,
          read: memoryUse,
          ...memory,
          telemetry,
          onHigh: onMemoryHigh,
        });
  const loop = new StuckLoop({
    ...times,
    resource: { ...telemetry.resource, instance },
    directory: profileDir,
    tellsStderr,
    onLost: (error) => telemetry.log.warn(ctx, `${instance}: its event loop is not watched any more`, { error }),
  });
  return {
    async stop() {
      memoryWatch?.stop();
      await loop.stop();
    },
  };
}

const maxMs = 2 ** 31 - 1;

function check(times: Readonly<Record<'stuckMs' | 'beatMs' | 'profileMs' | 'maxProfiles', number>>): void {
  const { stuckMs, beatMs, profileMs, maxProfiles } = times;
  const least = { beatMs: 1, stuckMs: 4 * beatMs, profileMs: 1, maxProfiles: 1 };
  for (const [name, value] of Object.entries({ beatMs, stuckMs, profileMs, maxProfiles })) {
    const from = least[name as keyof typeof least];
    if (!(value >= from && value <= maxMs))
      throw new RangeError(`watchdog: ${name} is ${value}; it must be from ${from} to ${maxMs}`);
  }
}
