export interface BackoffOptions {
  /** The longest first wait. Default: 100 ms. */
  readonly firstMs?: number;
  /** No wait is longer. Default: 30,000 ms. */
  readonly maxMs?: number;
}

/**
 * How long to wait before the next try after so many failures in a row (1 or more): doubles each time, and `random` (0 to
 * 1) takes off up to a half, so that many that fail together do not come back together.
 */
export function backoffMs(failures: number, random: number, options: BackoffOptions = {}): number {
  const { firstMs = 100, maxMs = 30_000 } = options;
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return whole * (1 - random / 2);
}
