import {
  type EventLoopUtilization,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MetricsRegistry } from './metrics.ts';

/**
 * Observes the process: event loop, garbage collection, heap, resident memory, CPU. Values are read when metrics are
 * collected; between collections only the loop-delay timer (in C++, 50 times a second) and one callback per collection of
 * garbage run. Stop it before the telemetry is dropped.
 */
export function observeRuntime(metrics: MetricsRegistry): { stop(): void } {
  const loop = observeLoop(metrics);
  const garbage = observeGarbage(metrics);
  observeMemory(metrics);
  observeCpu(metrics);
  return {
    stop() {
      loop.stop();
      garbage.disconnect();
    },
  };
}

/** What Node adds to an entry of type `gc`. */
interface GarbageEntry extends PerformanceEntry {
  readonly detail?: { readonly kind?: number };
}

const loopResolutionMs = 20;
/** Several readers (scrape and export) share a reading that is younger than this, so that none shortens another's window. */
const minWindowMs = 1000;

interface LoopReading {
  readonly utilization: number;
  readonly meanSeconds: number;
  readonly p99Seconds: number;
  readonly maxSeconds: number;
}

function observeLoop(metrics: MetricsRegistry): { stop(): void } {
  const delays = monitorEventLoopDelay({ resolution: loopResolutionMs });
  delays.enable();
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: LoopReading = { utilization: 0, meanSeconds: 0, p99Seconds: 0, maxSeconds: 0 };
  const read = (): LoopReading => {
    if (performance.now() - readAt < minWindowMs) return reading;
    readAt = performance.now();
    const now = performance.eventLoopUtilization();
    reading = {
      utilization: performance.eventLoopUtilization(now, before).utilization,
      meanSeconds: delaySeconds(delays.mean),
      p99Seconds: delaySeconds(delays.percentile(99)),
      maxSeconds: delaySeconds(delays.max),
    };
    before = now;
    delays.reset();
    return reading;
  };
  const delay = (name: string, what: string, of: (reading: LoopReading) => number) =>
    metrics.observe(
      `nodejs.eventloop.delay.${name}`,
      { unit: 's', description: `Event loop delay, ${what}, since the last reading.` },
      () => of(read()),
    );
  metrics.observe(
    'nodejs.eventloop.utilization',
    { unit: '1', description: 'Share of time in which the event loop was busy, since the last reading.' },
    () => read().utilization,
  );
  delay('mean', 'mean', (it) => it.meanSeconds);
  delay('p99', '99th percentile', (it) => it.p99Seconds);
  delay('max', 'longest', (it) => it.maxSeconds);
  return { stop: () => void delays.disable() };
}

/** The monitor measures the time between two of its timers; the delay is what exceeds their interval. */
function delaySeconds(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - loopResolutionMs / 1000) : 0;
}

/** perf_hooks.constants.NODE_PERFORMANCE_GC_* */
const garbageKinds: Readonly<Record<number, string>> = {
  1: 'minor',
  2: 'minor_mark_sweep',
  4: 'major',
  8: 'incremental',
  16: 'weakcb',
};

function observeGarbage(metrics: MetricsRegistry): PerformanceObserver {
  const durations = metrics.histogram('v8js.gc.duration', {
    unit: 's',
    description: 'Garbage collections by type.',
    labels: ['v8js.gc.type'],
    bounds: [0.001, 0.005, 0.01, 0.05, 0.1, 1],
  });
  const children = new Map<number, { record(seconds: number): void }>();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = (entry as GarbageEntry).detail?.kind ?? 0;
      let child = children.get(kind);
      if (child === undefined) {
        child = durations.with({ 'v8js.gc.type': garbageKinds[kind] ?? 'other' });
        children.set(kind, child);
      }
      child.record(entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return observer;
}

function observeMemory(metrics: MetricsRegistry): void {
  const bytes = (name: string, description: string, read: () => number) =>
    metrics.observe(name, { unit: 'By', description }, read);
  bytes('process.memory.usage', 'Resident memory.', () => process.memoryUsage.rss());
  bytes('v8js.memory.heap.used', 'Used JavaScript heap.', () => getHeapStatistics().used_heap_size);
  bytes(
    'v8js.memory.heap.limit',
    'Size at which the JavaScript heap is full.',
    () => getHeapStatistics().heap_size_limit,
  );
  bytes('v8js.memory.external', 'Memory of buffers outside of the heap.', () => getHeapStatistics().external_memory);
}

function observeCpu(metrics: MetricsRegistry): void {
  metrics.observeCounter(
    'process.cpu.time',
    { unit: 's', description: 'CPU time of all threads, user and system.' },
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  );
  metrics.observe('process.uptime', { unit: 's', description: 'Time since the process started.' }, () =>
    process.uptime(),
  );
}
