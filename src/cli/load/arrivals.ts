/** Random numbers from 0 (inclusive) to 1 that the seed determines: mulberry32. Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const arrivalKinds = ['poisson', 'uniform'] as const;
/** `poisson`: independent arrivals, as from many users. `uniform`: one every 1/rate seconds. */
export type ArrivalKind = (typeof arrivalKinds)[number];

/**
 * The times at which requests are due, in milliseconds from the start, growing, without end. They do not depend on the
 * answers: that is what makes a load open-loop.
 */
export function* arrivals(kind: ArrivalKind, ratePerSecond: number, random: () => number): Generator<number, never> {
  const gapMs = 1000 / ratePerSecond;
  if (kind === 'uniform') for (let index = 0; ; index++) yield index * gapMs;
  for (let at = 0; ; ) {
    at += -Math.log(1 - random()) * gapMs;
    yield at;
  }
}
