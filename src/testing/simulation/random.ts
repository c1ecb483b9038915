/** A source of chance that gives the same numbers for the same seed: from 0 to below 1, as `Math.random` does. */
export type Random = () => number;

/**
 * The generator sfc32 of Chris Doty-Humphrey's PractRand: 128 bits of state, fast, and the same on every machine. Any
 * whole number is a seed. Not for secrets.
 */
export function seededRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seededRandom: the seed ${seed} is not a whole number`);
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const mixed = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + mixed) | 0;
    return (mixed >>> 0) / 2 ** 32;
  };
  // Seeds that differ in one bit begin alike: these rounds pull them apart.
  for (let round = 0; round < 12; round++) next();
  return next;
}

/** How long something takes, in ms: draws one value with each call. */
export interface Distribution {
  /** What many draws come to on average. */
  readonly meanMs: number;
  draw(random: Random): number;
}

/** Always the same. */
export function constant(ms: number): Distribution {
  return { meanMs: checkMean('constant', ms), draw: () => ms };
}

/** Memoryless: what a Poisson process waits. Its standard deviation is its mean. */
export function exponential(meanMs: number): Distribution {
  checkMean('exponential', meanMs);
  return { meanMs, draw: (random) => -meanMs * Math.log(1 - random()) };
}

/**
 * The usual shape of service times: most are short, a few are long. `sigma` is the deviation of the logarithm: at 1 the
 * median is 0.61 and the 99th percentile 6.2 times the mean.
 */
export function logNormal(meanMs: number, sigma: number): Distribution {
  checkMean('logNormal', meanMs);
  if (!(sigma >= 0 && sigma <= 5)) throw new RangeError(`logNormal: the sigma ${sigma} is not from 0 to 5`);
  const mu = Math.log(meanMs) - (sigma * sigma) / 2;
  return { meanMs, draw: (random) => Math.exp(mu + sigma * normal(random)) };
}

/** Two kinds of work in one: `slowShare` of the draws, from 0 to 1, come from `slow`, the others from `fast`. */
export function bimodal(fast: Distribution, slow: Distribution, slowShare: number): Distribution {
  if (!(slowShare >= 0 && slowShare <= 1)) throw new RangeError(`bimodal: the share ${slowShare} is not from 0 to 1`);
  return {
    meanMs: fast.meanMs * (1 - slowShare) + slow.meanMs * slowShare,
    draw: (random) => (random() < slowShare ? slow : fast).draw(random),
  };
}

/** Box and Muller's transform; the second value that it could give is not kept, so that a draw has no state. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function checkMean(name: string, ms: number): number {
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
    throw new RangeError(`${name}: ${ms} is not a number of milliseconds from 0`);
  return ms;
}
