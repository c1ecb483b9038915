import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1, observeResponses, singly } from './observe.ts';
import type { PlainLimits } from './plain-parser.ts';
import { plainResponses } from './plain-responses.ts';
import { cut, mutate, Random } from './random-requests.ts';
import { randomResponses } from './random-responses.ts';

const runs = 20_000;

const limits: PlainLimits = {
  maxHeaderBytes: 300,
  maxHeaders: 8,
  maxTargetBytes: 1,
  maxChunkExtensionBytes: 12,
  maxTrailerBytes: 40,
};

const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);

test(`the parser makes of random responses what the plain one does, however they are cut (seed ${seed})`, () => {
  const random = new Random(seed);

  for (let run = 0; run < runs; run++) {
    const valid = randomResponses(random);
    const text = random.isOneIn(4) ? valid : mutate(random, valid);
    const method = random.pick(['GET', 'GET', 'HEAD', 'CONNECT']);
    const isClosed = random.isOneIn(2);
    const bytes = latin1(text);

    const expected = plainResponses(text, limits, method, isClosed);
    const ways = {
      whole: observeResponses([bytes], limits, method, isClosed),
      singly: observeResponses(singly(bytes), limits, method, isClosed),
      cut: observeResponses(cut(random, bytes), limits, method, isClosed),
    };

    for (const [way, observed] of Object.entries(ways)) {
      assert.deepEqual(observed, expected, `${way}, run ${run}, ${method}: ${JSON.stringify(text)}`);
    }
  }
});
