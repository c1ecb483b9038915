import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differential, disagreements } from '../conformance/http/differential.ts';

/** Ten million take about ten minutes of one core. */
const runs = Number(process.env.FLOTILLA_HTTP_RUNS ?? 10_000_000);
const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);

test(`${runs} mutations of requests: node:http agrees, or is the laxer one in a listed way, seed ${seed}`, async () => {
  const started = performance.now();
  const progress = (done: number) =>
    console.log(`${done} of ${runs} runs, ${Math.round((performance.now() - started) / 1000)} s, seed ${seed}`);

  const counts = await differential({ runs, seed, progress });

  console.log(Object.fromEntries(counts));
  const stale = Object.keys(disagreements).filter((name) => !counts.has(name));
  assert.deepEqual(stale, [], 'listed, but they never occur');
});
