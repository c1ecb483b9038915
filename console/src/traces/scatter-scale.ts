/** A logarithmic scale for durations: from the decade below the shortest to the longest. */
export interface DurationScale {
  /** 0 (shortest) to 1 (longest). */
  readonly position: (ms: number) => number;
  /** Round durations for the axis, at most five. */
  readonly ticksMs: readonly number[];
}

/** Durations of one search differ by factors of thousands, so a linear scale would press most of them onto the axis. */
export function durationScale(durationsMs: readonly number[]): DurationScale {
  const positive = durationsMs.filter((ms) => ms > 0 && Number.isFinite(ms));
  const low = positive.length === 0 ? 0 : Math.floor(Math.log10(positive.reduce((a, b) => Math.min(a, b))));
  const high = Math.max(
    low + 1,
    positive.length === 0 ? 1 : Math.log10(positive.reduce((a, b) => Math.max(a, b))) + 0.08,
  );
  const decades: number[] = [];
  const every = Math.max(1, Math.ceil((high - low) / 4));
  for (let decade = low; decade <= high; decade += every) decades.push(10 ** decade);
  return {
    position: (ms) => Math.min(1, Math.max(0, (Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low))),
    ticksMs: decades,
  };
}
