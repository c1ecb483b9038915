import { useEffect, useMemo, useState } from 'react';
import { formatPlace, paramsOf } from '../routing/place.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import { boundsOf, parseRange, rangeParams, type TimeRange } from './time-range.ts';

/** The time range of the address. The same object while it says the same. */
export function useRange(): TimeRange {
  const { params } = usePlace();
  return useMemo(() => parseRange(params), [params]);
}

/** Goes to the same view, narrowed to a stretch of time. */
export function useZoom(): (fromMs: number, toMs: number) => void {
  const place = usePlace();
  return (fromMs, toMs) =>
    navigate(formatPlace(place.path, { ...paramsOf(place), ...rangeParams({ kind: 'between', fromMs, toMs }) }));
}

/** The moments of a chart's axis; those of a range that ends now move on whenever `answer` does. */
export function useAxisBounds(range: TimeRange, answer: unknown): readonly [number, number] {
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new answer is a new now
  return useMemo(() => {
    const nowMs = Date.now();
    const { sinceMs, untilMs = nowMs } = boundsOf(range, nowMs);
    return [sinceMs, untilMs];
  }, [range, answer]);
}

/** The time now, told anew every `everyMs`: for ages (`3 s ago`). */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
