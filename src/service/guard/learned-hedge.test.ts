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

test('a hedge that cannot be paid is asked for again while the first try works', async () => {
  const clock = virtualClock();
  const sent: (readonly [attempt: number, at: number])[] = [];
  let takesMs = 10;
  const serve: Handler<string, number> = async (ctx) => {
    const { attempt } = fieldsOf(ctx);
    sent.push([attempt, clock.now()]);
    await sleep(ctx, attempt === 0 ? takesMs : 10);
    return attempt;
  };
  const guard = clientGuard({ hedge: { minCalls: 1, reserve: 1, share: 0.25 } });
  const call = guard.middleware('room')(serve, methodOf({ side: 'client', idempotent: true }));
  const first = call(rootContext(clock), 'a room');
  await clock.advance(10);
  await first;
  takesMs = 1_000;
  const start = clock.now();
  sent.length = 0;

  // One token: the first of two takes it, and four calls later there is another.
  const slow = [call(rootContext(clock), 'a'), call(rootContext(clock), 'b')];
  await clock.advance(14);
  takesMs = 1;
  const quick = Array.from({ length: 4 }, () => call(rootContext(clock), 'c'));
  await clock.advance(1_000);

  assert.deepEqual(await Promise.all([...slow, ...quick]), [1, 1, 0, 0, 0, 0]);
  const hedges = sent.filter(([attempt]) => attempt === 1).map(([, at]) => at - start);
  assert.equal(hedges.length, 2);
  const [delayMs = 0, later = 0] = hedges;
  assert.ok(delayMs >= 10 && delayMs < 11, `${delayMs}`);
  assert.ok(Math.abs(later - delayMs * 1.5) < 0.001, `${later}`);
});
