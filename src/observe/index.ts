/**
 * # flotilla/observe
 *
 * The emitting side of logs, metrics and traces. A server or client emits a span, metrics and a log line per call by
 * itself; a handler adds its own through the Context:
 *
 *     const { log, tracer } = telemetryOf(ctx);
 *     log.info(ctx, 'room opened', { room: id });
 *
 * Rules: resolve metric children once, at start-up; never put a secret or an unbounded value into a label. Not here:
 * storage and search (`flotilla/collector`).
 */
export { createTelemetry, type TelemetryOptions } from './create-telemetry.ts';
export { type PreparedLine, prepareLine } from './logger.ts';
export { noTelemetry } from './no-telemetry.ts';
export {
  type Attributes,
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type Level,
  type LogFields,
  type Logger,
  levels,
  type Metric,
  type MetricOptions,
  type Metrics,
  type Resource,
  type Span,
  type SpanKind,
  type SpanOptions,
  type Telemetry,
  type Tracer,
  telemetryOf,
  withTelemetry,
} from './telemetry.ts';
