import type { MapAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { type Poll, usePoll } from '../api/use-poll.ts';
import { boundsOf, type TimeRange } from '../time/time-range.ts';

/** Which service calls which in the range; asked again every 5 s while it ends now. */
export function useServiceMap(range: TimeRange): Poll<MapAnswer> {
  const client = useCollector();
  return usePoll<MapAnswer>(
    `map ${JSON.stringify(range)}`,
    (signal) => {
      const { sinceMs, untilMs } = boundsOf(range, Date.now());
      return client.get('map', { since: sinceMs, until: untilMs }, signal);
    },
    range.kind === 'last' ? 5000 : undefined,
  );
}
