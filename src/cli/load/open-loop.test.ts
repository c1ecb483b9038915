import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Context, rootContext, sleep } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { seededRandom } from './arrivals.ts';
import { type OpenLoopOptions, openLoop } from './open-loop.ts';
import type { LoadReply } from './request.ts';
import { Tally } from './tally.ts';

const ok: LoadReply = { status: 200, reason: '', body: '' };

async function run(
  send: (ctx: Context) => Promise<LoadReply>,
  options: Partial<OpenLoopOptions> = {},
  cancelAfterMs = Infinity,
) {
  const clock = virtualClock();
  const ctx = rootContext(clock).withCancel();
  if (cancelAfterMs < Infinity) clock.after(cancelAfterMs, () => ctx.cancel());
  const tally = new Tally();
  const loop = openLoop(ctx, {
    ratePerSecond: 100,
    durationMs: 1000,
    arrivals: 'uniform',
    random: seededRandom(1),
    maxInFlight: 10,
    next: () => ({ name: 'get', method: 'GET', path: '/' }),
    send: () => send(rootContext(clock)),
    tally,
    ...options,
  });
  const ended = loop.then(() => clock.now());
  await clock.advance(5000);
  return { tally, endedMs: await ended };
}

const answersAfter = (ms: number) => async (ctx: Context) => {
  await sleep(ctx, ms);
  return ok;
};

test('sends at the rate, whatever the answers take', async () => {
  const quick = await run(answersAfter(1));
  const slow = await run(answersAfter(90));

  assert.deepEqual(quick.tally.counts, { sent: 100, ok: 100, failed: 0, notSent: 0, unanswered: 0 });
  assert.deepEqual(slow.tally.counts, quick.tally.counts);
  assert.equal(slow.tally.elapsedMs, 1000);
});

test('a stall of the server counts for every request that was due meanwhile', async () => {
  let stalled = true;
  const clockOfStall = async (ctx: Context) => {
    if (stalled && ctx.clock.now() >= 500) stalled = false;
    await sleep(ctx, Math.max(1, stalled ? 500 - ctx.clock.now() : 1));
    return ok;
  };

  const { tally } = await run(clockOfStall, { maxInFlight: 1000 });

  assert.ok(Math.abs(tally.latency.quantile(0.5) / 1000 - 1) < 0.1, 'half of them came after the stall');
  assert.ok(Math.abs(tally.latency.quantile(0.75) / 1000 - 250) < 20, 'the others waited for its end: 0 to 500 ms');
  assert.ok(tally.latency.max / 1000 >= 499);
});

test('what is due while too many run is counted and not sent', async () => {
  const { tally } = await run(answersAfter(200), { maxInFlight: 5 });

  assert.equal(tally.counts.sent + tally.counts.notSent, 100);
  assert.ok(tally.counts.sent <= 30, `${tally.counts.sent} were sent`);
  assert.equal(tally.counts.ok, tally.counts.sent);
});

test('what is not answered in the end is left behind and counted', async () => {
  const { tally, endedMs } = await run(() => new Promise(() => {}), { maxInFlight: 1000, lingerMs: 300 });

  assert.deepEqual([tally.counts.sent, tally.counts.unanswered], [100, 100]);
  assert.equal(endedMs, 1300);
});

test('the end of its Context ends it with what there is', async () => {
  const { tally, endedMs } = await run(answersAfter(1), {}, 250);

  assert.equal(tally.counts.sent, 25);
  assert.equal(tally.elapsedMs, 250);
  assert.equal(endedMs, 250);
});

test('failures are counted by status and reason, most frequent first, and have no latency', async () => {
  const replies: readonly LoadReply[] = [
    { status: 503, reason: 'DRAINING', body: '' },
    { status: 0, reason: 'ECONNRESET', body: '' },
    { status: 503, reason: 'DRAINING', body: '' },
    ok,
  ];
  let index = 0;

  const { tally } = await run(async () => replies[index++ % replies.length] ?? ok);

  assert.deepEqual(tally.failures, [
    { status: 503, reason: 'DRAINING', count: 50 },
    { status: 0, reason: 'ECONNRESET', count: 25 },
  ]);
  assert.deepEqual([tally.counts.failed, tally.counts.ok, tally.latency.count], [75, 25, 25]);
});
