/** All of CPU time, in microseconds. */
const sliceMicros = 20_000;
/** Before this no work is warm, however steady: a compiler waits until a function was called often enough. */
const leastWarmUpMicros = 500_000;
const mostWarmUpMicros = 4_000_000;
/** Slices that differ by less than this show that nothing is compiled any more. */
const steadyRatio = 1.05;

/** Runs a piece of work over and over, in slices, and says what a run of it costs once it is warm. */
export class SteadyWork {
  /** Of the last run: kept, so that no compiler finds that it is not needed. */
  result: unknown;
  readonly #run: () => unknown;
  readonly #cpuMicros: () => number;
  #leastWarmUpMicros = leastWarmUpMicros;

  /** `cpuMicros`: the CPU time of this process so far, all threads. */
  constructor(run: () => unknown, cpuMicros: () => number = ownCpuMicros) {
    this.#run = run;
    this.#cpuMicros = cpuMicros;
  }

  /**
   * CPU nanoseconds of a run, in the fastest of slices that together take `ms`: what else the machine does only ever adds.
   * Before them come as many as it takes until three in a row agree, at first for half a second at least; four seconds of
   * them, where the machine is too busy for that.
   */
  nanosPerRun(ms: number): number {
    this.#warmUp(this.#runsPerSlice());
    const runs = this.#runsPerSlice();
    let least = Number.POSITIVE_INFINITY;
    for (let left = ms * 1000; left > 0; ) {
      const micros = this.#slice(runs);
      least = Math.min(least, micros);
      left -= micros;
    }
    return (least * 1000) / runs;
  }

  #warmUp(runs: number): void {
    const slices: number[] = [];
    let spent = 0;
    while (spent < this.#leastWarmUpMicros || (spent < mostWarmUpMicros && !isSteady(slices))) {
      const micros = this.#slice(runs);
      slices.push(micros);
      spent += micros;
    }
    this.#leastWarmUpMicros = 0;
  }

  #runsPerSlice(): number {
    let runs = 1;
    while (this.#slice(runs) < sliceMicros / 10) runs *= 2;
    return Math.max(1, Math.round((runs * sliceMicros) / this.#slice(runs)));
  }

  #slice(runs: number): number {
    const run = this.#run;
    let result: unknown;
    const before = this.#cpuMicros();
    for (let i = 0; i < runs; i++) result = run();
    const micros = this.#cpuMicros() - before;
    this.result = result;
    return micros;
  }
}

function isSteady(slices: readonly number[]): boolean {
  const last = slices.slice(-3);
  return last.length === 3 && Math.max(...last) < steadyRatio * Math.min(...last);
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
