import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differential, disagreements } from '../conformance/http/differential.ts';

/** They take seven to fifteen minutes of one core. */
const allRuns = 10_000_000;
const runs = Number(process.env.FLOTILLA_HTTP_RUNS ?? allRuns);
const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);

test(`${runs} mutations of requests: node:http agrees, or is the laxer one in a listed way, seed ${seed}`, async () => {
  const started = performance.now();
  const progress = (done: number) =>
    console.log(`${done} of ${runs} runs, ${Math.round((performance.now() - started) / 1000)} s, seed ${seed}`);

  const counts = await differential({ runs, seed, progress });

  console.log(Object.fromEntries(counts));
  // The rarest come about once in a million runs.
  const stale = Object.keys(disagreements).filter((name) => runs >= allRuns && !counts.has(name));
  assert.deepEqual(stale, [], 'listed, but they never occur');
});
