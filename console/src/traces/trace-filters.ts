import { numberParam, type Params } from '../routing/place.ts';
import { parseRange, rangeParams, type TimeRange } from '../time/time-range.ts';

/** What the trace search looks for; all of it stands in the address. */
export interface TraceFilters {
  readonly service: string;
  readonly minDurationMs: number | undefined;
  readonly errorsOnly: boolean;
  readonly q: string;
  readonly range: TimeRange;
  readonly limit: number;
  readonly sort: TraceSort;
}

export const traceSorts = ['newest', 'slowest', 'spans'] as const;
export type TraceSort = (typeof traceSorts)[number];

export const traceLimits: readonly number[] = [100, 200, 500, 1000];

export const defaultTraceFilters: TraceFilters = parseTraceFilters(new URLSearchParams());

export function parseTraceFilters(params: URLSearchParams): TraceFilters {
  const limit = numberParam(params, 'limit') ?? 0;
  const sort = params.get('sort');
  return {
    service: params.get('service') ?? '',
    minDurationMs: numberParam(params, 'min'),
    errorsOnly: params.get('error') === '1' || params.get('error') === 'true',
    q: params.get('q') ?? '',
    range: parseRange(params),
    limit: traceLimits.includes(limit) ? limit : traceLimits[0]!,
    sort: traceSorts.find((each) => each === sort) ?? 'newest',
  };
}

export function traceParams(filters: Partial<TraceFilters>): Params {
  return {
    service: filters.service,
    min: filters.minDurationMs,
    error: filters.errorsOnly,
    q: filters.q,
    ...(filters.range !== undefined && rangeParams(filters.range)),
    limit: filters.limit === traceLimits[0] ? undefined : filters.limit,
    sort: filters.sort === 'newest' ? undefined : filters.sort,
  };
}

/** Whether the search could miss traces that exist in its time. */
export function isNarrowed(filters: TraceFilters): boolean {
  return filters.service !== '' || filters.minDurationMs !== undefined || filters.errorsOnly || filters.q !== '';
}

/** Milliseconds from what a person typed: `250`, `250ms`, `1.5 s`, `800us`. Undefined if it is no duration. */
export function readDuration(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s|m|min)?\s*$/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (unitMs[(match[2] ?? 'ms').toLowerCase()] ?? 1);
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1000, m: 60_000, min: 60_000 };

/** A trace id as people paste it: alone, or inside a `traceparent` header. Undefined for anything else. */
export function readTraceId(text: string): string | undefined {
  return /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/.exec(text.trim().toLowerCase())?.[1];
}
