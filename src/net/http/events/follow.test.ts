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

  it('leaves the source as soon as the Context ends, also while its reader holds a chunk', async () => {
    const ctx = background().withCancel();
    const source = manual();
    const chunks = follow(ctx, source, { encode });
    source.give(1);
    await chunks.next();

    ctx.cancel();

    assert.equal(source.returned, true);
    await assert.rejects(chunks.next(), (error) => as(error)?.code === 'canceled');
    assert.deepEqual(await chunks.next(), { done: true, value: undefined });
  });

  it('asks a source for nothing if the Context or the drain has ended before, and calls its return', async () => {
    const ended = background().withCancel();
    ended.cancel();
    const [canceled, drained] = [manual(), manual()];

    await assert.rejects(follow(ended, canceled, { encode }).next(), (error) => as(error)?.code === 'canceled');
    const step = await follow(background(), drained, { encode, drain: ended }).next();

    assert.deepEqual(step, { done: true, value: undefined });
    assert.deepEqual([canceled.asked, canceled.returned, drained.asked, drained.returned], [0, true, 0, true]);
  });

  it('calls return of a source that it was never asked for anything of', async () => {
    const source = manual();

    await follow(background(), source, { encode }).return();

    assert.deepEqual([source.asked, source.returned], [0, true]);
  });

  for (const [what, act, next] of [
    ['gives the value', (source) => source.give(1), { done: false, value: '1' }],
    ['throws the failure', (source) => source.fail(new Error('broken')), undefined],
    ['tells the end', (source) => source.end(), { done: true, value: undefined }],
  ] as readonly [string, (source: ReturnType<typeof manual>) => void, unknown][]) {
    it(`${what} that came while its reader held the idle chunk, also if the server drains since`, async () => {
      const clock = virtualClock();
      const drain = background().withCancel();
      const source = manual();
      const chunks = follow(rootContext(clock), source, { encode, idle: { chunk: 'beat', ms: 10 }, drain });
      const beat = chunks.next();
      await clock.advance(10);
      await beat;

      act(source);
      await clock.advance(0);
      drain.cancel();

      if (next === undefined) await assert.rejects(chunks.next(), { message: 'broken' });
      else assert.deepEqual(await chunks.next(), next);
      assert.deepEqual(await chunks.next(), { done: true, value: undefined });
      assert.deepEqual([source.returned, clock.pending], [what === 'gives the value', 0]);
    });
  }

  it('sends the idle chunk after a burst as after a single value', async () => {
    const clock = virtualClock();
    const burst = chan<number>(100);
    for (let n = 0; n < 40; n++) burst.trySend(n);
    const chunks = follow(rootContext(clock), burst, { encode, idle: { chunk: 'beat', ms: 10 } });
    for (let n = 0; n < 40; n++) await chunks.next();

    for (let round = 0; round < 40; round++) {
      const next = chunks.next();
      await clock.advance(9);
      burst.trySend(round);
      assert.deepEqual(await next, { done: false, value: String(round) });
      assert.equal(clock.pending, 0);
    }
    const beat = chunks.next();
    await clock.advance(10);

    assert.deepEqual(await beat, { done: false, value: 'beat' });
  });

  it('throws what the source throws when it is asked, and refuses a second reader', async () => {
    const broken = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          throw new Error('broken');
        },
      }),
    };
    const chunks = follow(background(), manual(), { encode });
    const first = chunks.next();

    await assert.rejects(follow(background(), broken, { encode }).next(), { message: 'broken' });
    await assert.rejects(chunks.next(), TypeError);
    await chunks.return();

    assert.deepEqual(await first, { done: true, value: undefined });
  });

  it('leaves nothing behind in the Context and the drain, which outlive it', async () => {
    const [ctx, drain] = [counted(), counted()];
    const [ended, left, failed] = [manual(), manual(), manual()];
    const streams = [ended, left, failed].map((source) =>
      follow(ctx.context, source, { encode, drain: drain.context }),
    );
    const steps = streams.map((chunks) => chunks.next());
    const whileWaiting = [ctx.listeners, drain.listeners];

    ended.end();
    await streams[1]?.return();
    failed.fail(new Error('broken'));
    await Promise.allSettled(steps);

    assert.deepEqual([whileWaiting, ctx.listeners, drain.listeners], [[3, 3], 0, 0]);
  });

  it('loses, doubles and reorders nothing, however reader, source and silence meet', async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    let state = seed;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * n);
    };
    for (let round = 0; round < 30; round++) {
      const clock = virtualClock();
      const values = chan<number>(1000);
      const chunks = follow(rootContext(clock), values, { encode, idle: { chunk: 'beat', ms: 3 } });
      const total = random(60);
      const got: string[] = [];
      const reading = (async () => {
        for await (const chunk of chunks) {
          if (chunk !== 'beat') got.push(chunk);
          if (random(3) === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      })();

      for (let n = 0; n < total; n++) {
        values.trySend(n);
        if (random(2) === 0) await clock.advance(random(5));
      }
      values.close();
      await reading;

      assert.deepEqual(
        got,
        Array.from({ length: total }, (_, n) => String(n)),
        `seed ${seed}, round ${round}`,
      );
      assert.equal(clock.pending, 0, `seed ${seed}`);
    }
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

/** A Context that counts who listens to it. */
function counted() {
  const context = background().withCancel();
  const counter = {
    listeners: 0,
    context: new Proxy(context, {
      get(target, key) {
        if (key !== 'onDone') {
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (fn: () => void) => {
          counter.listeners++;
          const stop = target.onDone(fn);
          return () => {
            const stopped = stop();
            if (stopped) counter.listeners--;
            return stopped;
          };
        };
      },
    }),
  };
  return counter;
}
