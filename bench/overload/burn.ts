const turnsPerStretch = 1000;

/**
 * Works for so many thousands of turns of a loop: work that is the same however busy the machine is, which a time span is
 * not. In stretches, so that the engine compiles what is called often and need not replace a loop that runs.
 */
export function burn(stretches: number): number {
  let state = 1;
  for (let i = 0; i < stretches; i++) state = stretch(state);
  return state;
}

function stretch(from: number): number {
  let state = from;
  for (let i = 0; i < turnsPerStretch; i++) state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i) | 0;
  return state;
}

/** How many stretches take so long on a core of one's own: the best of many tries, since what disturbs only adds. */
export function stretchesFor(ms: number): number {
  const tried = 200;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 200; i++) {
    const before = performance.now();
    burn(tried);
    best = Math.min(best, performance.now() - before);
  }
  return Math.round((tried * ms) / best);
}
