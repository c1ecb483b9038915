import { findLogs } from './find-logs.ts';
import { findTraces } from './find-traces.ts';
import { getTrace } from './get-trace.ts';
import { metric, metricNames } from './metrics.ts';
import type { Query } from './queries.ts';
import { rates, serviceMap, serviceRates } from './rates.ts';
import type { ReadChunk } from './read-chunks.ts';

/** Answers a question from the chunks, newest first. Synchronous: it runs in the reader's thread. */
export function answer(chunks: Iterable<ReadChunk>, { kind, query }: Query): unknown {
  switch (kind) {
    case 'traces':
      return findTraces(chunks, query);
    case 'trace':
      return getTrace(chunks, query.traceId);
    case 'logs':
      return findLogs(chunks, query);
    case 'metricNames':
      return metricNames(chunks, query.service);
    case 'metric':
      return metric(chunks, query);
    case 'rates':
      return rates(chunks, query);
    case 'map':
      return serviceMap(chunks, query);
    case 'services':
      return serviceRates(chunks, query);
  }
}
