import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import type { Context } from '../context/context.ts';
import { background } from '../context/context-tree.ts';
import { setTracker, tracker } from '../parking/tracking.ts';
import { pipeline } from './pipeline.ts';
import { heldCalls, Probe, settle } from './testdata/probe.ts';

failOnLeaks();

const ctx = background();

test('fanOut runs at most its size of calls, and starts the next one only when a result was pulled', async () => {
  const probe = new Probe();
  const { fn, calls } = heldCalls();
  const iterator = pipeline(ctx, probe).fanOut(3, fn)[Symbol.asyncIterator]();
  const first = iterator.next();
  await settle();
  assert.deepEqual([calls.length, probe.pulled], [3, 3]);

  for (const { item, resolve } of calls.slice()) resolve(item * 10);
  assert.deepEqual(await first, { value: 0, done: false });
  await settle();

  // One result was taken: one more call, while the other two results wait.
  assert.deepEqual([calls.length, probe.pulled], [4, 4]);
  const leaving = iterator.return!();
  calls[3]!.resolve(0);
  await leaving;
  assert.equal(probe.returned, 1);
});

test('ordered, a slow call holds up the results behind it, which are held', async () => {
  const { fn, calls } = heldCalls();
  const seen: number[] = [];
  const running = pipeline(ctx, [0, 1, 2, 3])
    .fanOut(3, fn)
    .forEach((x) => {
      seen.push(x);
    });
  await settle();

  calls[2]!.resolve(2);
  calls[1]!.resolve(1);
  await settle();
  assert.deepEqual([seen, calls.length], [[], 3]);
  calls[0]!.resolve(0);
  await settle();
  calls[3]!.resolve(3);
  await running;

  assert.deepEqual(seen, [0, 1, 2, 3]);
});

test('unordered, results are given as the calls end', async () => {
  const { fn, calls } = heldCalls();
  const running = pipeline(ctx, [0, 1, 2]).fanOut(3, fn, { ordered: false }).toArray();
  await settle();

  for (const i of [2, 0, 1]) calls[i]!.resolve(i);

  assert.deepEqual(await running, [2, 0, 1]);
});

for (const ordered of [true, false]) {
  const name = ordered ? 'ordered' : 'unordered';

  test(`${name}: the first error cancels the other calls, waits for them, closes the source, then is thrown`, async () => {
    const probe = new Probe();
    const first = new Error('first');
    const contexts: Context[] = [];
    const { fn, calls } = heldCalls();
    const running = pipeline(ctx, probe)
      .fanOut(
        3,
        (x, own) => {
          contexts.push(own);
          return fn(x);
        },
        { ordered },
      )
      .toArray();
    let isOver = false;
    const outcome = assert.rejects(running, first).then(() => {
      isOver = true;
    });
    await settle();

    calls[1]!.reject(first);
    await settle();
    assert.equal(contexts[0]!.cause(), first);
    calls[0]!.reject(new Error('second'));
    await settle();
    assert.deepEqual([isOver, calls.length], [false, 3]);
    calls[2]!.resolve(2);
    await outcome;

    assert.equal(probe.returned, 1);
  });

  test(`${name}: an error that is thrown at once counts as well, and no further call starts`, async () => {
    let started = 0;
    const running = pipeline(ctx, new Probe())
      .fanOut(
        4,
        () => {
          started++;
          throw new Error('at once');
        },
        { ordered },
      )
      .toArray();

    await assert.rejects(running, { message: 'at once' });
    assert.equal(started, 1);
  });

  test(`${name}: the end of the Context is heard of by the calls, which are waited for`, async () => {
    const scope = ctx.withCancel();
    const { fn, calls } = heldCalls();
    let own: Context | undefined;
    const running = pipeline(scope, new Probe())
      .fanOut(
        2,
        (x, callCtx) => {
          own = callCtx;
          return fn(x);
        },
        { ordered },
      )
      .toArray();
    let isOver = false;
    const outcome = assert.rejects(running, { code: 'canceled' }).then(() => {
      isOver = true;
    });
    await settle();

    scope.cancel('enough');
    await settle();

    assert.equal(own!.cause(), 'enough');
    assert.equal(isOver, false);
    for (const { resolve } of calls) resolve(0);
    await outcome;
    assert.equal(calls.length, 2);
  });
}

test('an element that arrives after the end of the Context starts no call', async () => {
  const scope = ctx.withCancel();
  const { fn, calls } = heldCalls();
  let started = 0;
  const running = pipeline(scope, [1])
    .map(fn)
    .fanOut(2, () => {
      started++;
    })
    .toArray();
  await settle();

  scope.cancel();
  calls[0]!.resolve(1);

  await assert.rejects(running, { code: 'canceled' });
  assert.equal(started, 0);
});

test('the error of a call is thrown, and not the cancellation that it causes in a later stage', async () => {
  const first = new Error('first');
  const { fn, calls } = heldCalls();
  const running = pipeline(ctx, [0, 1])
    .fanOut(2, fn)
    .map((_, own) => new Promise((_resolve, reject) => own.onDone(() => reject(own.err()))))
    .toArray();
  await settle();
  calls[0]!.resolve(0);
  await settle();

  calls[1]!.reject(first);

  await assert.rejects(running, first);
});

test('mapReduce maps concurrently and gives what reduce makes of the results', async () => {
  const { fn, calls } = heldCalls();
  const running = pipeline(ctx, new Probe({ count: 20 })).mapReduce(fn, (values) => values.reduce((a, b) => a + b, 0));
  await settle();

  assert.equal(calls.length, 16);
  for (let i = 0; i < 20; i++) {
    calls[i]!.resolve(1);
    await settle();
  }

  assert.equal(await running, 20);
});

test('mapReduce takes its concurrency', async () => {
  const { fn, calls } = heldCalls();
  const running = pipeline(ctx, [1, 2, 3]).mapReduce(fn, (values) => values.toArray(), { concurrency: 2 });
  await settle();

  assert.equal(calls.length, 2);
  for (let i = 0; i < 3; i++) {
    calls[i]!.resolve(i);
    await settle();
  }
  assert.deepEqual(await running, [0, 1, 2]);
  await assert.rejects(
    pipeline(ctx, [1]).mapReduce(fn, () => 0, { concurrency: 0 }),
    RangeError,
  );
});

test('an error of map cancels reduce, and is thrown also where reduce hides it', async () => {
  const first = new Error('first');
  const probe = new Probe();
  let own: Context | undefined;
  const running = pipeline(ctx, probe).mapReduce(
    async (x) => {
      if (x === 3) throw first;
      return x;
    },
    async (values, reduceCtx) => {
      own = reduceCtx;
      return await values.toArray().catch(() => 'hidden');
    },
  );

  await assert.rejects(running, first);
  assert.equal(own!.cause(), first);
  assert.equal(probe.returned, 1);
});

test('an error of reduce cancels map, closes the source and is thrown', async () => {
  const probe = new Probe();
  const running = pipeline(ctx, probe).mapReduce(
    async (x) => x,
    () => {
      throw new Error('reduce failed');
    },
  );

  await assert.rejects(running, { message: 'reduce failed' });
  assert.equal(probe.pulled, 0);
});

test('the Context of reduce goes on after its values have ended', async () => {
  const result = await pipeline(ctx, [1, 2]).mapReduce(
    (x) => x,
    async (values, reduceCtx) => {
      const all = await values.toArray();
      await settle();
      return [all.length, reduceCtx.err()];
    },
  );

  assert.deepEqual(result, [2, undefined]);
});

test('a reduce that leaves early cancels what it did not pull', async () => {
  const probe = new Probe();

  const first = await pipeline(ctx, probe).mapReduce(
    async (x) => x,
    async (values) => {
      for await (const value of values) return value;
      return undefined;
    },
  );

  assert.equal(first, 0);
  assert.equal(probe.returned, 1);
});

for (const throws of [false, true]) {
  test(`a reduce that drops an iterator and ${throws ? 'throws' : 'returns'} leaves no call behind and closes the source`, async () => {
    const probe = new Probe();
    const { fn, calls } = heldCalls();
    let isOver = false;
    const running = pipeline(ctx, probe)
      .mapReduce(
        fn,
        async (values) => {
          const { value } = await values[Symbol.asyncIterator]().next();
          if (throws) throw new Error('reduce failed');
          return value;
        },
        { concurrency: 2 },
      )
      .catch((error: Error) => error.message)
      .finally(() => {
        isOver = true;
      });
    await settle();
    calls[0]!.resolve(7);
    await settle();
    assert.equal(isOver, false);

    for (const call of calls) call.resolve(0);

    assert.equal(await running, throws ? 'reduce failed' : 7);
    assert.equal(probe.returned, 1);
  });
}

test('a reduce that drops a pull is waited for, and the pull ends', async () => {
  const probe = new Probe();
  const { fn, calls } = heldCalls();
  let pull: Promise<unknown> | undefined;
  const running = pipeline(ctx, probe.sync).mapReduce(
    fn,
    (values) => {
      pull = values[Symbol.asyncIterator]().next();
      pull.catch(() => undefined);
    },
    { concurrency: 1 },
  );
  await settle();
  calls[0]!.resolve(0);

  await running;

  await assert.rejects(pull!, { code: 'canceled' });
  assert.equal(probe.returned, 1);
});

test('an error of the source that closes does not hide that of reduce', async () => {
  const source = {
    [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1 }), return: async () => assert.fail() }),
  };
  const running = pipeline(ctx, source).mapReduce(
    (x) => x,
    async (values) => {
      await values[Symbol.asyncIterator]().next();
      throw new Error('reduce failed');
    },
  );

  await assert.rejects(running, { message: 'reduce failed' });
});

test('an error that reduce throws when it has taken all is thrown', async () => {
  const running = pipeline(ctx, [1]).mapReduce(
    (x) => x,
    async (values) => {
      await values.toArray();
      throw new Error('afterwards');
    },
  );

  await assert.rejects(running, { message: 'afterwards' });
});

test('debug mode hears of each call as a task that starts and ends, however it ends', async () => {
  const heard: string[] = [];
  const before = tracker;
  setTracker({
    parked() {},
    resumed() {},
    task(task, body) {
      heard.push(`start ${task.describe()}`);
      return body();
    },
    ended: () => heard.push('end'),
    armed() {},
    disarmed() {},
  });
  try {
    await pipeline(ctx, [1])
      .fanOut(1, async function load() {})
      .toArray();
    await pipeline(ctx, [1]).fanOut(1, Number).toArray();
    const reject = pipeline(ctx, [1]).fanOut(1, () => Promise.reject(new Error('later')));
    await assert.rejects(reject.toArray(), { message: 'later' });
    const fail = pipeline(ctx, [1]).fanOut(1, () => {
      throw new Error('at once');
    });
    await assert.rejects(fail.toArray(), { message: 'at once' });
  } finally {
    setTracker(before);
  }

  assert.deepEqual(heard, [
    'start call of fanOut: load',
    'end',
    'start call of fanOut: Number',
    'end',
    'start call of fanOut',
    'end',
    'start call of fanOut',
    'end',
  ]);
});
