/** A second, as Node has it, or a fifth. */
const maxSpareMs = 1_000;
const spareShare = 0.2;

/**
 * How long an idle connection is kept whose client was told `toldMs`: a little longer, or the last request of a client that
 * is late would cross with its end.
 */
export function keptMs(toldMs: number): number {
  return toldMs + Math.min(maxSpareMs, toldMs * spareShare);
}
