import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { clientGuard } from './client-guard.ts';
import { methodOf } from './guard.fixture.ts';

test('a caller that tries again at once, for ever, does not stop the event loop when a breaker refuses it', async () => {
  const down = async () => {
    throw new StatusError('unavailable', 'down');
  };
  const guard = clientGuard({ retry: false, breaker: { kind: 'consecutive', failures: 1, openMs: 30_000 } });
  const call = guard.middleware('room')(down, methodOf({ side: 'client' }));
  let hasTurned = false;
  setImmediate(() => setImmediate(() => (hasTurned = true)));

  let reason = '';
  while (!hasTurned) {
    await call(background(), {}).catch((error: StatusError) => (reason = error.reason));
  }

  assert.equal(reason, 'BREAKER_OPEN');
});
