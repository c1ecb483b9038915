import type { Answers } from './answers.ts';
import type { Kind, Load } from './load.ts';
import { factors, mix, type Priority, priorities, type Route } from './rows.ts';
import { anyKind, type Capacity, type Target } from './target.ts';

/** A guard finds its way first. */
const settlingSeconds = 1;
const sliceMs = 100;
/** So many slices in a row must be good for a server to be itself again. */
const goodSlices = 5;
const goodShare = 0.98;

/** The rows of a route: goodput by the peak, latency by that of half a load, recovery, and what a refusal costs. */
export async function measureRoute(
  target: Target,
  route: Route,
  peak: Capacity,
  seconds: number,
): Promise<Record<string, number>> {
  return target.loaded(route, anyKind, async (load) => {
    const row: Record<string, number> = {};
    const half = await steady(load, peak.perSecond / 2, seconds);
    const unloaded = half.latency(0.99, half.phase(0, settlingSeconds));
    let worst = 0;
    for (const factor of factors) {
      const before = target.cpuMicros();
      const answers = await steady(load, peak.perSecond * factor, seconds);
      const span = answers.phase(0, settlingSeconds);
      row[`${route}-${factor}x`] = (answers.goodput(span) / peak.perSecond) * 100;
      worst = Math.max(worst, answers.latency(0.99, span));
      if (route === 'cpu' && factor === 10 && answers.refused() > 1000) {
        const rejecting = target.cpuMicros() - before - answers.count(200) * peak.cpuMicros;
        row['reject-cost'] = (rejecting / answers.refused() / peak.cpuMicros) * 100;
      }
    }
    row[`${route}-p99`] = worst / unloaded;
    row[`${route}-recovery`] = await recovery(load, peak.perSecond, seconds);
    return row;
  });
}

/** What share of each priority is served in time at three times what the server can do. */
export async function measurePriorities(
  target: Target,
  route: Route,
  peak: Capacity,
  seconds: number,
): Promise<Record<string, number>> {
  const kinds = priorities.map((priority): Kind => ({ share: mix[priority], headers: headersOf(priority) }));
  return target.loaded(route, kinds, async (load) => {
    const answers = await steady(load, peak.perSecond * 3, seconds);
    const shares = answers.success(answers.phase(0, settlingSeconds));
    return Object.fromEntries(priorities.map((name, i) => [`${route}-priority-${name}`, shares[i]! * 100]));
  });
}

function steady(load: Load, perSecond: number, seconds: number): Promise<Answers> {
  return load.run([{ perSecond, seconds: settlingSeconds + seconds }]);
}

/** Seconds from the end of a burst of ten times the peak until half of it is answered as it is offered. */
async function recovery(load: Load, peak: number, seconds: number): Promise<number> {
  const answers = await load.run([
    { perSecond: peak * 10, seconds: settlingSeconds + seconds / 2 },
    { perSecond: peak / 2, seconds: settlingSeconds + seconds },
  ]);
  const slices = answers.slices(answers.phase(1), sliceMs);
  const isGood = slices.map(({ offered, good }) => good >= offered * goodShare);
  const first = isGood.findIndex((_, i) => isGood.slice(i, i + goodSlices).every(Boolean));
  // One that never does took at least as long as it was watched.
  return ((first < 0 ? slices.length : first) * sliceMs) / 1000;
}

function headersOf(priority: Priority): Readonly<Record<string, string>> {
  return priority === 'default' ? {} : { 'flotilla-priority': priority };
}
