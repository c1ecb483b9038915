import type { Service, ServiceInstance } from '../api/answers.ts';

/** One lane of a service beside its baseline. */
export interface LaneRow {
  /** '' is the baseline. */
  readonly lane: string;
  /** The service's replicas in it; none: the lane's calls go to the baseline's. */
  readonly instances: readonly ServiceInstance[];
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** What is worse than in the baseline, in words; '' if nothing is. */
  readonly trouble: string;
}

/** So much more of the calls fails than in the baseline, as a share. */
const errorsAbove = 0.02;
/** So many times slower than the baseline, and by so much that a person could notice. */
const slowerBy = 2;
const slowerByMs = 20;

/** The lanes of a service, the baseline first, by replicas and by calls; none for a service that has only the baseline. */
export function laneRows(service: Service): readonly LaneRow[] {
  const present = service.instances.filter(({ state }) => state !== 'gone');
  const names = new Set([...service.lanes.map(({ lane }) => lane), ...present.map(({ lane }) => lane)]);
  names.delete('');
  if (names.size === 0) return [];
  const baseline = rowOf(service, '', present, undefined);
  return [baseline, ...[...names].sort().map((lane) => rowOf(service, lane, present, baseline))];
}

function rowOf(
  service: Service,
  lane: string,
  present: readonly ServiceInstance[],
  baseline: LaneRow | undefined,
): LaneRow {
  const rates = service.lanes.find((one) => one.lane === lane) ?? noCalls;
  const instances = present.filter((instance) => instance.lane === lane);
  const { requestsPerSecond, errorRate, p50Ms, p99Ms } = rates;
  const row = { lane, instances, requestsPerSecond, errorRate, p50Ms, p99Ms, trouble: '' };
  return baseline === undefined ? row : { ...row, trouble: troubleOf(row, baseline) };
}

const noCalls = { requestsPerSecond: 0, errorRate: 0, p50Ms: null, p99Ms: null };

function troubleOf(row: LaneRow, baseline: LaneRow): string {
  const parts: string[] = [];
  if (row.errorRate > baseline.errorRate + errorsAbove) parts.push('fails more');
  // Either may hide the other: a bad p99 of the baseline, or many calls beside the slow ones.
  const factor = Math.max(slownessOf(row.p50Ms, baseline.p50Ms), slownessOf(row.p99Ms, baseline.p99Ms));
  if (factor > 0) parts.push(`${Math.round(factor)} times slower`);
  return parts.join(', ');
}

/** How many times slower, 0 if that is not worth a word. */
function slownessOf(ms: number | null, usualMs: number | null): number {
  if (ms === null || usualMs === null) return 0;
  return ms > usualMs * slowerBy && ms > usualMs + slowerByMs ? ms / usualMs : 0;
}
