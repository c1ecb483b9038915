import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricsRegistry } from './metrics.ts';
import { formatPrometheus } from './prometheus.ts';
import { observeRuntime } from './runtime-metrics.ts';

describe('observeRuntime', () => {
  it('reads event loop, memory and CPU of this process', () => {
    const metrics = new MetricsRegistry();
    const runtime = observeRuntime(metrics);

    const text = formatPrometheus({ service: '', version: '', instance: '' }, metrics.families);

    runtime.stop();
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    const utilization = value('nodejs_eventloop_utilization_ratio');
    assert.ok(utilization >= 0 && utilization <= 1, `${utilization}`);
    assert.ok(value('process_memory_usage_bytes') > 10e6);
    assert.ok(value('v8js_memory_heap_used_bytes') > 1e6);
    assert.ok(value('process_cpu_time_seconds_total') > 0);
    assert.ok(value('nodejs_eventloop_delay_p99_seconds') >= 0);
  });

  it('gives two readers the same reading of one moment', () => {
    const metrics = new MetricsRegistry();
    const runtime = observeRuntime(metrics);
    const family = [...metrics.families].find(({ name }) => name === 'nodejs.eventloop.utilization');
    const [child] = [...(family?.children ?? [])];

    const readings = [child!.read(), child!.read()];

    runtime.stop();
    assert.equal(readings[0], readings[1]);
  });
});
