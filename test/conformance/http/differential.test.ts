import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differential } from './differential.ts';

const runs = 100_000;
const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);

test(`${runs} mutations of requests: node:http agrees, or is the laxer one in a listed way (seed ${seed})`, async () => {
  const counts = await differential({ runs, seed });

  assert.ok(counts.size > 5, 'the mutations do not reach much');
});
