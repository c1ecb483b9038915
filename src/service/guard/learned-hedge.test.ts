import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf } from '../../call/index.ts';
import { rootContext, sleep } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import type { Handler } from '../method.ts';
import { clientGuard } from './client-guard.ts';
import { methodOf } from './guard.fixture.ts';

test('a client that hedges learns from its first calls when to ask a second server', async () => {
  const clock = virtualClock();
  const attempts: number[] = [];
  const takesMs = (attempt: number) => (attempts.length === 151 && attempt === 0 ? 1_000 : 10);
  const serve: Handler<string, number> = async (ctx) => {
    const { attempt } = fieldsOf(ctx);
    attempts.push(attempt);
    await sleep(ctx, takesMs(attempt));
    return attempt;
  };
  const guard = clientGuard({ hedge: true });
  const method = methodOf({ side: 'client', idempotent: true });
  const call = guard.middleware('room')(serve, method);
  const answer = async () => {
    const result = call(rootContext(clock), 'a room');
    await clock.advance(10);
    await clock.advance(20);
    return result;
  };
  for (let n = 0; n < 150; n++) assert.equal(await answer(), 0);

  const answeredBy = await answer();

  assert.equal(answeredBy, 1);
  assert.equal(attempts.length, 152);
  const [{ hedge } = {}] = guard.snapshot().methods;
  assert.ok(hedge?.delayMs !== undefined && hedge.delayMs >= 10 && hedge.delayMs < 11, `${hedge?.delayMs}`);
});
