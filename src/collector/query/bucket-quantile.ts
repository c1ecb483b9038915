/**
 * The value that the share `q` of the observations did not exceed, interpolated within its bucket as Prometheus'
 * `histogram_quantile` does; null without observations. Above the last bound all that is known is that bound.
 */
export function bucketQuantile(bounds: readonly number[], counts: readonly number[], q: number): number | null {
  const total = counts.reduce((sum, count) => sum + Math.max(0, count), 0);
  if (total === 0) return null;
  const rank = q * total;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    const count = Math.max(0, counts[i] ?? 0);
    if (below + count >= rank && count > 0) {
      const upper = bounds[i]!;
      const lower = i === 0 ? Math.min(0, upper) : bounds[i - 1]!;
      return lower + (upper - lower) * ((rank - below) / count);
    }
    below += count;
  }
  return bounds.at(-1) ?? null;
}
