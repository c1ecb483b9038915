import type { LogsAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { type Poll, usePoll } from '../api/use-poll.ts';
import type { Params } from '../routing/place.ts';
import { boundsOf } from '../time/time-range.ts';
import type { LogFilters } from './log-filters.ts';

export interface LogQueryOptions {
  readonly limit: number;
  /** Asks again this often. Default: never. */
  readonly everyMs?: number | undefined;
}

/** The newest lines that a search finds. The lines of a trace are searched at all times. */
export function useLogs(filters: LogFilters, { limit, everyMs }: LogQueryOptions): Poll<LogsAnswer> {
  const client = useCollector();
  const { around, isLive, ...question } = filters;
  return usePoll<LogsAnswer>(
    `logs ${limit} ${JSON.stringify(question)}`,
    (signal) => client.get('logs', { ...queryOf(filters, Date.now()), limit }, signal),
    everyMs,
  );
}

/** The filters as the API's parameters. */
export function queryOf(filters: LogFilters, nowMs: number): Params {
  const { q, service, level, trace, range } = filters;
  const { sinceMs, untilMs } = boundsOf(range, nowMs);
  return { q, service, level, trace, ...(trace === '' && { since: sinceMs, until: untilMs }) };
}
