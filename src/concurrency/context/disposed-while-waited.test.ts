import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chan } from '../channel/local-channel.ts';
import { setTracker } from '../parking/tracking.ts';
import type { Context } from './context.ts';
import { background } from './context-tree.ts';

/** What debug mode is told, from here to the end of the test. */
function toldOf(t: TestContext): string[] {
  const told: string[] = [];
  const ignore = () => undefined;
  t.after(() => setTracker(undefined));
  setTracker({
    parked: ignore,
    resumed: ignore,
    task: (_task, body) => body(),
    ended: ignore,
    armed: ignore,
    disarmed: ignore,
    disposedWhileWaited: (wait) => told.push(wait.describe()),
  });
  return told;
}

const jobs = chan<number>(0, { name: 'jobs' });

test('debug mode is told of a wait that the end of its block canceled', async (t) => {
  const told = toldOf(t);
  const call = async (ctx: Context) => await jobs.recv(ctx);
  async function forgetsToAwait() {
    using ctx = background().withTimeout(200);
    return call(ctx);
  }

  await assert.rejects(forgetsToAwait(), { code: 'canceled' });

  assert.deepEqual(told, ['recv on chan "jobs" (unbuffered)']);
});

test('debug mode is told of a wait under a child of the context that was disposed', async (t) => {
  const told = toldOf(t);
  const ctx = background().withCancel();
  const wait = jobs.recv(ctx.withTimeout(200));

  ctx[Symbol.dispose]();

  await assert.rejects(async () => await wait, { code: 'canceled' });
  assert.deepEqual(told, ['recv on chan "jobs" (unbuffered)']);
});

test('debug mode is not told of signals, registered functions, waits that went on, and explicit cancels', async (t) => {
  const told = toldOf(t);
  const signalled = background().withTimeout(200);
  const registered = background().withCancel();
  const resumed = background().withCancel();
  const canceled = background().withCancel();
  assert.equal(signalled.signal.aborted, false);
  registered.onDone(() => undefined);
  const received = jobs.recv(resumed);
  jobs.trySend(7);
  const lost = jobs.recv(canceled);

  for (const ctx of [signalled, registered, resumed]) ctx[Symbol.dispose]();
  canceled.cancel();

  assert.equal(await received, 7);
  await assert.rejects(async () => await lost, { code: 'canceled' });
  assert.deepEqual(told, []);
});
