import { test } from 'node:test';
import { check } from './check.ts';

const runs = Number(process.env.FLOTILLA_MODEL_RUNS ?? 10_000);
const seed = Number(process.env.FLOTILLA_MODEL_SEED ?? Date.now() % 2 ** 31);

test(`${runs} random programs do nothing that the model does not allow, seed ${seed}`, async () => {
  await check({ runs, seed });
});
