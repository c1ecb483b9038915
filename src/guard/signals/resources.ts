import { availableParallelism } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { type CgroupReading, noCgroup, readCgroup } from './cgroup.ts';
import type { ResourceReading, ResourceSignal } from './signals.ts';

const sampleMs = 500;
/** The loop's utilisation is of the last samples that are together at least so long; one sample of 500 ms is. */
const nothing: ResourceReading = { utilization: 0, cpuShare: 0, heapShare: 0, memoryShare: 0 };

/** Samples loop, CPU, heap and the container's memory each 500 ms, until `stop`; does not keep the process alive. */
export class ResourceMeter implements ResourceSignal {
  readonly #onSample: () => void;
  readonly #timer: NodeJS.Timeout;
  #reading = nothing;
  #loop = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #at = performance.now();
  #cgroup: CgroupReading = noCgroup;
  #isReading = false;

  /** `onSample` is called after each sample. */
  constructor(onSample: () => void) {
    this.#onSample = onSample;
    this.#readCgroup();
    this.#timer = setInterval(() => this.#sample(), sampleMs).unref();
  }

  read(): ResourceReading {
    return this.#reading;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const loop = performance.eventLoopUtilization();
    const cpu = process.cpuUsage();
    const at = performance.now();
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    const { cpus, memoryBytes, memoryLimitBytes } = this.#cgroup;
    const spentMs = (cpu.user - this.#cpu.user + cpu.system - this.#cpu.system) / 1000;
    const givenMs = (at - this.#at) * Math.min(cpus, availableParallelism());
    this.#reading = {
      utilization: performance.eventLoopUtilization(loop, this.#loop).utilization,
      cpuShare: givenMs > 0 ? Math.min(1, spentMs / givenMs) : 0,
      heapShare: used / limit,
      memoryShare: memoryBytes / memoryLimitBytes,
    };
    this.#loop = loop;
    this.#cpu = cpu;
    this.#at = at;
    this.#readCgroup();
    this.#onSample();
  }

  /** For the next sample. Where files are slow, one reading at a time. */
  #readCgroup(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    void readCgroup().then((cgroup) => {
      this.#cgroup = cgroup;
      this.#isReading = false;
    });
  }
}
