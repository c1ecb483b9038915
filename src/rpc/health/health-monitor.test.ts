import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootContext } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { HealthMonitor } from './health-monitor.ts';

/** A monitor of one service under a clock that stands still, and what it says to a watcher. */
function watched(service = 'room') {
  const clock = virtualClock();
  const ctx = rootContext(clock).withCancel();
  const monitor = new HealthMonitor(['room']);
  const app = { isReady: true };
  monitor.start(async () => app.isReady);
  return { clock, ctx, monitor, app, watch: monitor.watch(ctx, service) };
}

describe('the health of a server', { timeout: 60_000 }, () => {
  test('is that of all its services, and unknown for others', async () => {
    const { ctx, monitor, app } = watched();

    assert.equal(await monitor.check(ctx, ''), 'serving');
    assert.equal(await monitor.check(ctx, 'room'), 'serving');
    assert.equal(await monitor.check(ctx, 'gift'), 'unknown');
    app.isReady = false;
    assert.equal(await monitor.check(ctx, ''), 'not_serving');
    assert.equal(await monitor.check(ctx, 'room'), 'not_serving');
  });

  test('is not serving before it starts and once it drains, whatever the app says', async () => {
    const { ctx, monitor } = watched();
    const early = new HealthMonitor(['room']);

    monitor.drain();

    assert.equal(await early.check(ctx, 'room'), 'not_serving');
    assert.equal(await monitor.check(ctx, 'room'), 'not_serving');
  });

  test('is told to a watcher when it changes, and not otherwise', async () => {
    const { clock, app, watch } = watched();

    assert.equal((await watch.next()).value, 'serving');
    const second = watch.next();
    await clock.advance(5_000);
    app.isReady = false;
    await clock.advance(1_000);
    assert.equal((await second).value, 'not_serving');
    const third = watch.next();
    app.isReady = true;
    await clock.advance(1_000);
    assert.equal((await third).value, 'serving');
  });

  test('is told at once when the server drains, and its end ends the watch', async () => {
    const { monitor, watch } = watched();

    await watch.next();
    const second = watch.next();
    monitor.drain();
    assert.equal((await second).value, 'not_serving');
    const third = watch.next();
    monitor.close(RpcErrors.DRAINING('room is shutting down'));

    await assert.rejects(third, { reason: 'DRAINING' });
  });

  test('of a service that it does not have is unknown, until the end', async () => {
    const { monitor, watch } = watched('gift');

    assert.equal((await watch.next()).value, 'unknown');
    const second = watch.next();
    monitor.close(RpcErrors.DRAINING('room is shutting down'));

    await assert.rejects(second, { reason: 'DRAINING' });
  });

  test('is told to so many watchers at a time, and to others when some have left', async () => {
    const { ctx, monitor } = watched();
    const watches = Array.from({ length: 256 }, () => monitor.watch(ctx, ''));
    await Promise.all(watches.map((watch) => watch.next()));

    await assert.rejects(monitor.watch(ctx, '').next(), { code: 'resource_exhausted', reason: 'TOO_MANY_WATCHERS' });
    await watches[7]?.return(undefined);

    assert.equal((await monitor.watch(ctx, '').next()).value, 'serving');
  });

  test('is no longer told when the watcher’s Context ends', async () => {
    const { ctx, watch } = watched();

    await watch.next();
    const second = watch.next();
    ctx.cancel();

    await assert.rejects(second, { code: 'canceled' });
  });
});
