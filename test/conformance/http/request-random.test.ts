import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestParser } from '../../../src/net/http/engine/request-parser.ts';
import { latin1, observe, singly } from './observe.ts';
import { type PlainLimits, plainParse } from './plain-parser.ts';
import { cut, mutate, Random, randomRequests } from './random-requests.ts';

const runs = 20_000;

const wide: PlainLimits = {
  maxHeaderBytes: 4096,
  maxHeaders: 50,
  maxTargetBytes: 1000,
  maxChunkExtensionBytes: 64,
  maxTrailerBytes: 1000,
};
const narrow: PlainLimits = {
  maxHeaderBytes: 90,
  maxHeaders: 4,
  maxTargetBytes: 12,
  maxChunkExtensionBytes: 5,
  maxTrailerBytes: 20,
};

for (const [name, limits] of Object.entries({ wide, narrow })) {
  const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);

  test(`the parser makes of random requests what the plain one does, however they are cut (${name} limits, seed ${seed})`, () => {
    const random = new Random(seed);
    const reused = new RequestParser(limits);

    for (let run = 0; run < runs; run++) {
      const valid = randomRequests(random);
      const text = random.isOneIn(4) ? valid : mutate(random, valid);
      const bytes = latin1(text);
      // It gets to know the fields of some, and is then given others that are almost the same.
      for (let times = random.below(4); times > 0; times--) {
        reused.reset();
        observe([latin1(random.isOneIn(2) ? valid : text)], limits, reused);
      }
      reused.reset();

      const expected = plainParse(text, limits);
      const ways = {
        whole: observe([bytes], limits),
        singly: observe(singly(bytes), limits),
        cut: observe(cut(random, bytes), limits),
        reused: observe(cut(random, bytes), limits, reused),
      };

      for (const [way, observed] of Object.entries(ways)) {
        assert.deepEqual(observed, expected, `${way}, run ${run}: ${JSON.stringify(text)}`);
      }
    }
  });
}
