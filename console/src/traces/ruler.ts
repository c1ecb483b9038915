/** Round points of a time axis between two moments, at most `max` of them, relative to `originMs`. */
export function rulerTicks(fromMs: number, toMs: number, originMs: number, max: number): number[] {
  const span = toMs - fromMs;
  if (!(span > 0) || max < 1) return [];
  const step = roundStep(span / max);
  const first = Math.ceil((fromMs - originMs) / step - 1e-9);
  const last = Math.floor((toMs - originMs) / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => originMs + (first + i) * step);
}

/** The smallest of 1, 2, 5 × 10ⁿ that is not below `atLeast`. */
function roundStep(atLeast: number): number {
  const decade = 10 ** Math.floor(Math.log10(atLeast));
  return ([1, 2, 5, 10].find((factor) => factor * decade >= atLeast * (1 - 1e-9)) ?? 10) * decade;
}
