import type { Counter, Gauge, Histogram, Logger, Metric, Span, Telemetry } from './telemetry.ts';

const nothing = () => {};

const log: Logger = { level: 'fatal', log: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

const span: Span = {
  context: { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false, state: '' },
  recording: false,
  setAttribute: nothing,
  addEvent: nothing,
  fail: nothing,
  end: nothing,
};

const child: Counter & Gauge & Histogram = { add: nothing, set: nothing, record: nothing };
const metric: Metric<Counter & Gauge & Histogram> = { with: () => child };

/** Drops everything. Its spans have the invalid (all zero) context: whoever propagates checks `recording` first. */
export const noTelemetry: Telemetry = {
  resource: { service: '', version: '', instance: '' },
  log,
  tracer: { start: () => span },
  metrics: { counter: () => metric, gauge: () => metric, histogram: () => metric, observe: nothing },
  prometheus: () => '',
  flush: async () => {},
  close: async () => {},
};
