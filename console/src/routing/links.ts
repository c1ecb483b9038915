import { type LogFilters, logParams } from '../logs/log-filters.ts';
import { rangeParams, type TimeRange } from '../time/time-range.ts';
import { type TraceFilters, traceParams } from '../traces/trace-filters.ts';
import { formatPlace } from './place.ts';

/** The addresses of the console's views. Every link in it is made here. */
export const links = {
  services: (range?: TimeRange) => formatPlace([], range && rangeParams(range)),
  service: (name: string, range?: TimeRange) => formatPlace(['services', name], range && rangeParams(range)),
  traces: (filters: Partial<TraceFilters> = {}) => formatPlace(['traces'], traceParams(filters)),
  trace: (traceId: string, spanId?: string | null) => formatPlace(['traces', traceId], { span: spanId ?? undefined }),
  logs: (filters: Partial<LogFilters> = {}) => formatPlace(['logs'], logParams(filters)),
  map: (range?: TimeRange) => formatPlace(['map'], range && rangeParams(range)),
  guard: (service = '', range?: TimeRange) => formatPlace(['guard'], { service, ...(range && rangeParams(range)) }),
  metrics: (metric: { readonly name?: string; readonly service?: string } = {}, range?: TimeRange) =>
    formatPlace(['metrics'], { name: metric.name, service: metric.service, ...(range && rangeParams(range)) }),
};
