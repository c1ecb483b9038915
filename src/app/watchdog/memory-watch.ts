import type { Context } from '../../concurrency/index.ts';
import type { Gauge, Telemetry } from '../../observe/index.ts';
import { MemoryMark, type MemoryMarkOptions } from './memory-mark.ts';
import type { MemoryUse } from './memory-use.ts';

export interface MemoryWatchOptions extends MemoryMarkOptions {
  readonly sampleMs: number;
  /** The wait before `onHigh` is random, from 0 to this. */
  readonly jitterMs: number;
  /** 0 to below 1. */
  readonly random: () => number;
  readonly read: () => MemoryUse;
  readonly telemetry: Telemetry;
  /** Called once, when memory has stayed above the mark. `why` has the numbers. */
  readonly onHigh: (why: string) => void;
}

/** Samples the memory of this process until it stays above the mark, or until it is stopped. */
export class MemoryWatch {
  readonly #ctx: Context;
  readonly #options: MemoryWatchOptions;
  readonly #heap: MemoryMark;
  readonly #resident: MemoryMark;
  readonly #heapShare: Gauge;
  readonly #residentShare: Gauge;
  #timer: NodeJS.Timeout;

  constructor(ctx: Context, options: MemoryWatchOptions) {
    checkMs('sampleMs', options.sampleMs, 1);
    checkMs('jitterMs', options.jitterMs, 0);
    this.#ctx = ctx;
    this.#options = options;
    this.#heap = new MemoryMark(options);
    this.#resident = new MemoryMark(options);
    const share = options.telemetry.metrics.gauge('guard.memory.used_share', {
      unit: '1',
      description:
        'Share of the memory that the process may use: of the heap limit, and of the limit of its control group.',
      labels: ['memory'],
    });
    this.#heapShare = share.with({ memory: 'heap' });
    this.#residentShare = share.with({ memory: 'resident' });
    this.#timer = setInterval(() => this.#sample(), options.sampleMs);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #sample(): void {
    const use = this.#options.read();
    const heapShare = use.heapUsed / use.heapLimit;
    const residentShare = use.resident / use.residentLimit;
    this.#heapShare.set(heapShare);
    this.#residentShare.set(residentShare);
    const heapIsHigh = this.#heap.sample(heapShare);
    const residentIsHigh = this.#resident.sample(residentShare);
    if (heapIsHigh) this.#isHigh('the heap', use.heapUsed, use.heapLimit, use);
    else if (residentIsHigh) this.#isHigh('resident memory', use.resident, use.residentLimit, use);
  }

  #isHigh(what: string, used: number, limit: number, use: MemoryUse): void {
    this.stop();
    const { telemetry, random, jitterMs, onHigh } = this.#options;
    const why = `its memory is nearly used up: ${what} stays at ${mebibytes(used)} of ${mebibytes(limit)} MiB`;
    const waitMs = Math.round(random() * jitterMs);
    const { service } = telemetry.resource;
    telemetry.log.log(this.#ctx, 'error', `${service}: ${why}; draining to start anew`, { waitMs, ...use });
    this.#timer = setTimeout(() => onHigh(why), waitMs);
    this.#timer.unref();
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / (1024 * 1024));
}

function checkMs(name: string, value: number, least: number): void {
  if (!(value >= least && value <= maxMs))
    throw new RangeError(`memory: ${name} is ${value}; it must be from ${least} to ${maxMs}`);
}

const maxMs = 2 ** 31 - 1;
