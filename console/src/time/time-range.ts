import { formatDateTime, formatMoment } from '../format/time.ts';
import { numberParam, type Params } from '../routing/place.ts';

/** The time that a view shows: up to now, or between two moments (epoch milliseconds). */
export type TimeRange =
  | { readonly kind: 'last'; readonly name: LastName }
  | { readonly kind: 'between'; readonly fromMs: number; readonly toMs: number };

/** The ranges that end now, by their name in the address. */
export const lastMs = {
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
} as const;

export type LastName = keyof typeof lastMs;

export const lastNames = Object.keys(lastMs) as LastName[];

export const lastLabels: Readonly<Record<LastName, string>> = {
  '5m': 'Last 5 minutes',
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

export const defaultRange: TimeRange = { kind: 'last', name: '15m' };

/** Reads `last=1h` or `from=…&to=…`; the default range where there is neither, or it makes no sense. */
export function parseRange(params: URLSearchParams): TimeRange {
  const fromMs = numberParam(params, 'from');
  const toMs = numberParam(params, 'to');
  if (fromMs !== undefined && toMs !== undefined && fromMs < toMs) return { kind: 'between', fromMs, toMs };
  const name = params.get('last');
  return name !== null && isLastName(name) ? { kind: 'last', name } : defaultRange;
}

/** The parameters that say this range; none of the other kind remain when they are spread over older ones. */
export function rangeParams(range: TimeRange): Params {
  if (range.kind === 'between') return { last: undefined, from: Math.floor(range.fromMs), to: Math.ceil(range.toMs) };
  const isDefault = defaultRange.kind === 'last' && range.name === defaultRange.name;
  return { last: isDefault ? undefined : range.name, from: undefined, to: undefined };
}

/** The moments of a range. One that ends now has no `untilMs`, so that what arrives late is not cut off. */
export function boundsOf(
  range: TimeRange,
  nowMs: number,
): { readonly sinceMs: number; readonly untilMs: number | undefined } {
  if (range.kind === 'between') return { sinceMs: range.fromMs, untilMs: range.toMs };
  return { sinceMs: nowMs - lastMs[range.name], untilMs: undefined };
}

export function lengthOf(range: TimeRange): number {
  return range.kind === 'between' ? range.toMs - range.fromMs : lastMs[range.name];
}

/** For people: `Last hour`, or `14:03:07.000 – 14:05:00.000`. */
export function describeRange(range: TimeRange, nowMs: number): string {
  if (range.kind === 'last') return lastLabels[range.name];
  return `${formatMoment(range.fromMs, nowMs)} – ${formatDateTime(range.toMs).slice(11)}`;
}

/** The distance between a chart's points: the smallest round one that gives at most `points` of them. */
export function stepFor(rangeMs: number, points = 120): number {
  return steps.find((step) => rangeMs / step <= points) ?? Math.ceil(rangeMs / points / 3_600_000) * 3_600_000;
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((seconds) => seconds * 1000);

function isLastName(name: string): name is LastName {
  return Object.hasOwn(lastMs, name);
}
