/**
 * # flotilla/collector
 *
 * One place that sees a fleet on one machine: takes logs, metrics and traces by OTLP/HTTP, keeps them in SQLite files of
 * bounded size, and answers the questions of the console by a JSON API.
 *
 *     const collector = createCollector({ dataDir: '.flotilla/telemetry', registry });
 *     const [endpoint] = await collector.start(background());   // http://127.0.0.1:4318
 *     createTelemetry({ resource, otlpEndpoint: endpoint.url });
 *
 * Rules: everything that a stranger sends is bounded; the event loop never waits for a file (two threads do); what is old
 * is deleted, never what is new. Not here: more than one machine (send OTLP to Jaeger, Prometheus, VictoriaLogs), alerts.
 */
export { type CollectorOptions, createCollector } from './collector.ts';
export { CollectorErrors } from './collector-errors.ts';
export type { InstanceEntry, ServiceEntry, ServicesAnswer } from './health/list-services.ts';
export { type GuardOptions, guardRequests } from './http/guard.ts';
export { type OpenCollector, type OpenCollectorOptions, openCollector } from './open-collector.ts';
export type { LogsAnswer } from './query/find-logs.ts';
export type { TraceSummary } from './query/find-traces.ts';
export type { Trace, TraceSpan } from './query/get-trace.ts';
export type { HistogramStep, MetricAnswer, MetricName, MetricSeries } from './query/metrics.ts';
export type { MapAnswer, RatePoint } from './query/rates.ts';
export { quietTelemetry } from './quiet-telemetry.ts';
export type { LogLine } from './store/log-line.ts';
