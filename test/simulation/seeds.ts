/**
 * Every experiment runs with this seed, the same on every machine. To explore, give another one in FLOTILLA_SEED: it runs
 * in addition.
 */
const given = process.env.FLOTILLA_SEED;
export const seeds: readonly number[] = given === undefined ? [1] : [1, Number(given)];
