/** What the API asks the store. Checked and bounded before it gets here. Times are epoch milliseconds. */

export interface TracesQuery {
  readonly service: string;
  readonly minDurationMs: number;
  /** Undefined: both. */
  readonly error: boolean | undefined;
  readonly q: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly limit: number;
}

export interface LogsQuery {
  readonly q: string;
  /** Hex; '' for all. */
  readonly trace: string;
  readonly service: string;
  /** The least level, as an index. */
  readonly level: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly limit: number;
  /** Only lines before this id. */
  readonly before: number;
}

export interface SeriesQuery {
  readonly name: string;
  readonly service: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly stepMs: number;
}

export interface RatesQuery {
  readonly service: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly stepMs: number;
}

export interface WindowQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A question to the reader's thread. */
export type Query =
  | { readonly kind: 'traces'; readonly query: TracesQuery }
  | { readonly kind: 'trace'; readonly query: { readonly traceId: string } }
  | { readonly kind: 'logs'; readonly query: LogsQuery }
  | { readonly kind: 'metricNames'; readonly query: { readonly service: string } }
  | { readonly kind: 'metric'; readonly query: SeriesQuery }
  | { readonly kind: 'rates'; readonly query: RatesQuery }
  | { readonly kind: 'map'; readonly query: WindowQuery }
  | { readonly kind: 'services'; readonly query: WindowQuery };
