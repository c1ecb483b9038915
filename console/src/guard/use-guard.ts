import type { MetricAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { type Poll, usePoll } from '../api/use-poll.ts';
import { boundsOf, lengthOf, stepFor, type TimeRange } from '../time/time-range.ts';
import { type GuardAnswers, type GuardMetric, guardMetrics } from './guard-tables.ts';

/** All metrics of guards over a range, of one service or (empty) of all; asked again every 5 s while the range ends now. */
export function useGuard(service: string, range: TimeRange): Poll<GuardAnswers> {
  const client = useCollector();
  const stepMs = stepFor(lengthOf(range), 120);
  return usePoll<GuardAnswers>(
    `guard ${service} ${JSON.stringify(range)}`,
    async (signal) => {
      const { sinceMs, untilMs } = boundsOf(range, Date.now());
      const window = { service, since: sinceMs, until: untilMs, stepMs };
      const entries = Object.entries(guardMetrics) as [GuardMetric, string][];
      const answers = await Promise.all(
        entries.map(([, name]) => client.get<MetricAnswer>('metrics', { name, ...window }, signal)),
      );
      return Object.fromEntries(entries.map(([key], index) => [key, answers[index]]));
    },
    range.kind === 'last' ? 5000 : undefined,
  );
}
