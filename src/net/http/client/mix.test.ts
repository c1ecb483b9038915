import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { isStatusError } from '../../../errors/index.ts';
import { failOnLeaks } from '../../../testing/index.ts';
import { client } from './client.ts';
import { serveNode } from './node-server.fixture.ts';

failOnLeaks();

/** A generator of numbers from 0 to below 1 that a seed repeats. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('among calls that are canceled, cut and left at random each gets its own answer, and nothing stays', async (t) => {
  const seed = Number(process.env.FLOTILLA_SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  await using server = await serveNode((request, response) => {
    const dice = random();
    if (dice < 0.05) return request.socket.destroy();
    if (dice < 0.1) response.setHeader('connection', 'close');
    if (dice < 0.2) response.write(request.url);
    if (dice >= 0.15 && dice < 0.2) return request.socket.destroy();
    setImmediate(() => response.end(dice < 0.2 ? '' : request.url));
  });
  await using api = client({ baseUrl: server.url, maxConnectionsPerOrigin: 4 });
  const outcomes = { answered: 0, failed: 0 };
  const call = async (path: string) => {
    using ctx = background().withCancel();
    const dice = random();
    if (dice < 0.2) setImmediate(() => ctx.cancel());
    try {
      if (dice > 0.8) {
        await using answer = await api.stream(ctx, { url: path });
        if (dice > 0.9) return;
        let text = '';
        for await (const chunk of answer.body) text += String(Buffer.from(chunk));
        assert.equal(text, path);
      } else {
        const method = dice > 0.5 ? 'POST' : 'GET';
        assert.equal((await api.request(ctx, { method, url: path })).text(), path);
      }
      outcomes.answered++;
    } catch (error) {
      if (!isStatusError(error) || !['canceled', 'unavailable'].includes(error.code)) throw error;
      outcomes.failed++;
    }
  };

  await Promise.all(
    Array.from({ length: 16 }, async (_, who) => {
      for (let n = 0; n < 60; n++) await call(`/${who}/${n}`);
    }),
  );

  assert.ok(outcomes.answered > 100 && outcomes.failed > 20, JSON.stringify(outcomes));
  await api.close(background());
});
