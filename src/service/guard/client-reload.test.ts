import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import type { MethodInfo } from '../method.ts';
import { clientGuard } from './client-guard.ts';
import { liveGuard, withGuardSettings } from './live-guard.ts';

const info: MethodInfo = {
  service: 'room',
  method: 'Get',
  kind: 'unary',
  side: 'client',
  transport: 'rpc',
  idempotent: true,
  timeoutMs: 0,
};

test('a client that is used by an app tries as often as its settings say now', async () => {
  const live = liveGuard();
  const guard = clientGuard({ breaker: false, retry: { baseMs: 1, maxWaitMs: 1 }, budget: { reserve: 100 } });
  let tries = 0;
  const call = guard.middleware('room')(async () => {
    tries++;
    throw new StatusError('unavailable', 'away');
  }, info);
  const ctx = withGuardSettings(background(), live);
  const triesOf = async () => {
    tries = 0;
    await assert.rejects(Promise.resolve(call(ctx, {})), { code: 'unavailable' });
    return tries;
  };

  assert.equal(await triesOf(), 3);
  live.configure({ retry: { maxAttempts: 2 } });
  assert.equal(await triesOf(), 2);
  assert.throws(() => live.configure({ retry: { maxAttempts: 0 } }), { reason: 'INVALID_GUARD_SETTINGS' });
  assert.equal(await triesOf(), 2);
  live.configure({});
  assert.equal(await triesOf(), 3);
});
