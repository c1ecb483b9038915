/**
 * What the collector's JSON API answers, field by field. Times are epoch milliseconds, durations milliseconds, error
 * rates shares between 0 and 1.
 */
export interface ServicesAnswer {
  readonly services: readonly Service[];
}

export interface Service {
  readonly name: string;
  readonly version: string;
  readonly instances: readonly ServiceInstance[];
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** By the lane of the calls; empty where no call had a lane. */
  readonly lanes: readonly LaneRates[];
}

export interface LaneRates {
  /** '' is the baseline. */
  readonly lane: string;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export type InstanceState = 'ready' | 'unready' | 'gone';

export interface ServiceInstance {
  readonly id: string;
  /** '' is the baseline. */
  readonly lane: string;
  readonly version: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly healthy: boolean;
  readonly state: InstanceState;
  readonly lastSeenMs: number;
}

export interface TracesAnswer {
  readonly traces: readonly TraceSummary[];
}

export interface TraceSummary {
  readonly traceId: string;
  readonly rootService: string;
  readonly rootName: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly spanCount: number;
  readonly error: boolean;
  readonly services: readonly string[];
}

export interface Trace {
  readonly traceId: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** There are more spans than these. */
  readonly incomplete?: boolean;
  readonly spans: readonly Span[];
}

export interface Span {
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly service: string;
  readonly instance: string;
  readonly name: string;
  readonly kind: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
  readonly statusMessage: string | null;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
}

export interface SpanEvent {
  readonly name: string;
  readonly timeMs: number;
  readonly attributes: Attributes;
}

export type Attributes = Readonly<Record<string, unknown>>;

export interface LogsAnswer {
  /** There was no time to search everything: older lines may match too. */
  readonly incomplete?: boolean;
  readonly logs: readonly LogLine[];
}

export interface LogLine {
  /** Grows with arrival. */
  readonly id: number | string;
  readonly timeMs: number;
  readonly level: string;
  readonly service: string;
  readonly instance: string;
  readonly message: string;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly attributes: Attributes;
}

export interface MetricNamesAnswer {
  readonly names: readonly MetricName[];
}

export interface MetricName {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly description: string;
}

export interface MetricAnswer {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  /** There are more series than these. */
  readonly incomplete?: boolean;
  /** Points are values for a gauge, growth per second for a counter, observations per second for a histogram. */
  readonly series: readonly MetricSeries[];
}

export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly service: string;
  readonly instance: string;
  readonly points: readonly (readonly [timeMs: number, value: number | null])[];
  readonly histogram?: readonly (readonly [timeMs: number, HistogramPoint])[];
}

/** What was observed in one step. */
export interface HistogramPoint {
  readonly count: number;
  readonly sum: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

export interface MapAnswer {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

export interface MapNode {
  readonly service: string;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
}

export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p99Ms: number | null;
}

export interface RatesAnswer {
  readonly points: readonly RatePoint[];
}

export interface RatePoint {
  readonly timeMs: number;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
}
