import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, chan, rootContext } from '../../../concurrency/index.ts';
import { as } from '../../../errors/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { follow } from './follow.ts';

const encode = (value: unknown) => String(value);

describe('follow', () => {
  it('gives the values as chunks and asks for the next only when the last was taken', async () => {
    const source = manual();
    const chunks = follow(background(), source, { encode });

    const first = chunks.next();
    source.give(1);

    assert.deepEqual(await first, { done: false, value: '1' });
    assert.equal(source.asked, 1);
    const second = chunks.next();
    source.end();
    assert.deepEqual(await second, { done: true, value: undefined });
    assert.equal(source.returned, false);
  });

  it('sends the idle chunk in silence, and again', async () => {
    const clock = virtualClock();
    const source = manual();
    const chunks = follow(rootContext(clock), source, { encode, idle: { chunk: 'beat', ms: 10 } });

    for (let beat = 0; beat < 2; beat++) {
      const next = chunks.next();
      await clock.advance(10);
      assert.deepEqual(await next, { done: false, value: 'beat' });
    }
    const next = chunks.next();
    await clock.advance(9);
    source.give('late');

    assert.deepEqual(await next, { done: false, value: 'late' });
    assert.equal(clock.pending, 0);
  });

  it('throws the end of the Context while the source waits, and calls its return', async () => {
    const ctx = background().withCancel();
    const source = manual();
    const next = follow(ctx, source, { encode }).next();

    ctx.cancel();

    await assert.rejects(next, (error) => as(error)?.code === 'canceled');
    assert.equal(source.returned, true);
  });

  it('ends without an error when the server drains, and calls return', async () => {
    const drain = background().withCancel();
    const source = manual();
    const next = follow(background(), source, { encode, drain }).next();

    drain.cancel();

    assert.deepEqual(await next, { done: true, value: undefined });
    assert.equal(source.returned, true);
  });

  it('keeps a value that comes while its reader holds the idle chunk', async () => {
    const clock = virtualClock();
    const source = manual();
    const chunks = follow(rootContext(clock), source, { encode, idle: { chunk: 'beat', ms: 10 } });
    const beat = chunks.next();
    await clock.advance(10);
    assert.deepEqual(await beat, { done: false, value: 'beat' });

    source.give(1);
    await clock.advance(20);

    assert.deepEqual(await chunks.next(), { done: false, value: '1' });
    assert.equal(source.asked, 1);
  });

  it('follows a channel', async () => {
    const values = chan<number>(2);
    values.trySend(1);
    values.trySend(2);
    values.close();

    assert.deepEqual(await Array.fromAsync(follow(background(), values, { encode })), ['1', '2']);
  });

  it('calls return when its reader leaves, and when a value cannot be encoded', async () => {
    const left = manual();
    const chunks = follow(background(), left, { encode });
    left.give(1);
    await chunks.next();
    await chunks.return(undefined);

    const broken = manual();
    broken.give(1);
    const failing = follow(background(), broken, {
      encode: () => {
        throw new TypeError('no');
      },
    });

    await assert.rejects(failing.next(), TypeError);
    assert.deepEqual([left.returned, broken.returned], [true, true]);
  });

  it("throws the source's failure and does not call return", async () => {
    const source = manual();
    const next = follow(background(), source, { encode }).next();

    source.fail(new Error('broken'));

    await assert.rejects(next, { message: 'broken' });
    assert.equal(source.returned, false);
  });
});

/** A source that gives what the test says, and notes what is asked of it. */
function manual() {
  let next = Promise.withResolvers<IteratorResult<unknown>>();
  const source = {
    asked: 0,
    returned: false,
    give: (value: unknown) => next.resolve({ done: false, value }),
    end: () => next.resolve({ done: true, value: undefined }),
    fail: (error: Error) => next.reject(error),
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        source.asked++;
        const result = await next.promise;
        next = Promise.withResolvers();
        return result;
      },
      return: async () => {
        source.returned = true;
        return { done: true as const, value: undefined };
      },
    }),
  };
  return source;
}
