import type { RatePoint, RatesAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { type Poll, usePoll } from '../api/use-poll.ts';
import { boundsOf, lengthOf, stepFor, type TimeRange } from '../time/time-range.ts';

/** The rates of a service over a range; asked again every 5 s while the range ends now. */
export function useRates(service: string, range: TimeRange): Poll<RatesAnswer> & { readonly stepMs: number } {
  const client = useCollector();
  const stepMs = stepFor(lengthOf(range));
  const poll = usePoll<RatesAnswer>(
    `rates ${service} ${JSON.stringify(range)}`,
    (signal) => {
      const { sinceMs, untilMs } = boundsOf(range, Date.now());
      return client.get('rates', { service, since: sinceMs, until: untilMs, stepMs }, signal);
    },
    range.kind === 'last' ? 5000 : undefined,
  );
  return { ...poll, stepMs };
}

/** The points without the last one while its step still runs: half a step's calls would read as half the rate. */
export function completed(points: readonly RatePoint[], stepMs: number, nowMs: number): readonly RatePoint[] {
  const last = points.at(-1);
  return last !== undefined && last.timeMs + stepMs > nowMs ? points.slice(0, -1) : points;
}

/** One field of the points; null where there were no calls, for values that mean nothing then. */
export function column(points: readonly RatePoint[], field: Exclude<keyof RatePoint, 'timeMs'>): (number | null)[] {
  return points.map((point) => point[field] ?? null);
}
