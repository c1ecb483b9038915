import { test } from 'node:test';
import { check } from '../conformance/model/check.ts';

const runs = Number(process.env.FLOTILLA_MODEL_RUNS ?? 1_000_000);
const seed = Number(process.env.FLOTILLA_MODEL_SEED ?? Date.now() % 2 ** 31);

test(`${runs} random programs do nothing that the model does not allow, seed ${seed}`, async () => {
  const started = performance.now();
  const call = (done: number) =>
    console.log(`${done} of ${runs} programs, ${Math.round((performance.now() - started) / 1000)} s, seed ${seed}`);
  await check({ runs, seed, progress: { every: 50_000, call } });
});
