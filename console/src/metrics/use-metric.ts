import type { MetricAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { type Poll, usePoll } from '../api/use-poll.ts';
import { boundsOf, lengthOf, stepFor, type TimeRange } from '../time/time-range.ts';

/** One metric over a range, of one service or (empty) of all; asked again every 5 s while the range ends now. */
export function useMetric(
  name: string,
  service: string,
  range: TimeRange,
): Poll<MetricAnswer> & { readonly stepMs: number } {
  const client = useCollector();
  const stepMs = stepFor(lengthOf(range));
  const poll = usePoll<MetricAnswer>(
    `metric ${name} ${service} ${JSON.stringify(range)}`,
    (signal) => {
      const { sinceMs, untilMs } = boundsOf(range, Date.now());
      return client.get('metrics', { name, service, since: sinceMs, until: untilMs, stepMs }, signal);
    },
    range.kind === 'last' ? 5000 : undefined,
  );
  return { ...poll, stepMs };
}
