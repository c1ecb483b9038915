import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rootContext, sleep } from '../concurrency/index.ts';
import { virtualClock } from './virtual-clock.ts';

describe('virtualClock', () => {
  it('calls timers in order of time, those of one time in the order they were armed', async () => {
    const clock = virtualClock();
    const calls: string[] = [];
    clock.after(20, () => calls.push(`c at ${clock.now()}`));
    clock.after(10, () => calls.push(`a at ${clock.now()}`));
    clock.after(10, () => calls.push(`b at ${clock.now()}`));
    clock.after(21, () => calls.push('too late'));

    await clock.advance(20);

    assert.deepEqual(calls, ['a at 10', 'b at 10', 'c at 20']);
    assert.equal(clock.pending, 1);
  });

  it('calls timers that are armed on the way', async () => {
    const clock = virtualClock();
    const ctx = rootContext(clock);
    const times: number[] = [];
    const ticking = (async () => {
      for (let n = 0; n < 3; n++) {
        await sleep(ctx, 10);
        times.push(clock.now());
      }
    })();

    await clock.advance(30);

    await ticking;
    assert.deepEqual(times, [10, 20, 30]);
  });

  it('does not call what was stopped, and says so once', async () => {
    const clock = virtualClock();
    const timer = clock.after(10, () => assert.fail('it was stopped'));

    assert.equal(timer.stop(), true);
    assert.equal(timer.stop(), false);
    await clock.advance(10);
  });

  it('moves on even where nothing waits', async () => {
    const clock = virtualClock();

    await clock.advance(1_000);

    assert.equal(clock.now(), 1_000);
  });

  it('refuses to move by what is no time', async () => {
    const clock = virtualClock();

    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) await assert.rejects(clock.advance(ms), RangeError);
    assert.equal(clock.now(), 0);
  });
});
