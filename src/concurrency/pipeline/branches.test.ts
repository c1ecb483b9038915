import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { chan } from '../channel/local-channel.ts';
import { background } from '../context/context-tree.ts';
import { fanIn, type Pipeline, pipeline } from './pipeline.ts';
import { heldCalls, Probe, settle } from './testdata/probe.ts';

failOnLeaks();

const ctx = background();

function teeTwo(p: Pipeline<number>, buffer?: number): [Pipeline<number>, Pipeline<number>] {
  return p.tee(2, buffer === undefined ? {} : { buffer }) as [Pipeline<number>, Pipeline<number>];
}

for (const buffer of [1, 3]) {
  test(`the fastest branch is at most ${buffer} ahead of the slowest, which gives the pace`, async () => {
    const probe = new Probe({ count: 10 });
    const [fast, slow] = teeTwo(pipeline(ctx, probe), buffer);
    const seen: number[] = [];
    const running = fast.forEach((x) => {
      seen.push(x);
    });
    await settle();
    assert.deepEqual([probe.pulled, seen.length], [buffer, buffer]);

    const iterator = slow[Symbol.asyncIterator]();
    assert.deepEqual(await iterator.next(), { value: 0, done: false });
    await settle();
    assert.deepEqual([probe.pulled, seen.length], [buffer + 1, buffer + 1]);

    await iterator.return!();
    await running;
    assert.equal(seen.length, 10);
  });
}

test('the buffer of a tee is 1 by default', async () => {
  const probe = new Probe();
  const [fast, slow] = teeTwo(pipeline(ctx, probe));
  const iterator = fast[Symbol.asyncIterator]();
  await iterator.next();
  const second = iterator.next();
  await settle();

  assert.equal(probe.pulled, 1);
  await slow.close();
  assert.deepEqual(await second, { value: 1, done: false });
  await iterator.return!();
  assert.equal(probe.returned, 1);
});

test('a tee pulls only when a branch wants an element', async () => {
  const probe = new Probe();
  const [one, other] = teeTwo(pipeline(ctx, probe), 5);
  const iterator = one[Symbol.asyncIterator]();
  await iterator.next();
  await settle();

  assert.equal(probe.pulled, 1);
  await Promise.all([iterator.return!(), other.close()]);
});

test('the source of a tee is closed when the last branch has left', async () => {
  const probe = new Probe();
  const [one, other] = teeTwo(pipeline(ctx, probe));

  const first = one.take(1).toArray();
  assert.deepEqual(await first, [0]);
  assert.equal(probe.returned, 0);
  await using _ = other;
  await other.close();

  assert.equal(probe.returned, 1);
});

test('the last branch that leaves while an element is pulled waits for the function that runs', async () => {
  const probe = new Probe();
  const { fn, calls } = heldCalls();
  const [one, other] = teeTwo(pipeline(ctx, probe).map(fn));
  const iterator = one[Symbol.asyncIterator]();
  const next = iterator.next();
  await settle();
  await other.close();
  let isLeft = false;
  const leaving = iterator.return!().then(() => {
    isLeft = true;
  });
  await settle();

  assert.equal(isLeft, false);
  calls[0]!.resolve(0);
  await leaving;

  assert.equal((await next).done, true);
  assert.equal(probe.returned, 1);
});

test('an error before a tee reaches all branches', async () => {
  const [one, other] = teeTwo(pipeline(ctx, new Probe({ failAt: 2 })));

  const outcomes = await Promise.allSettled([one.toArray(), other.toArray()]);

  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    ['source failed', 'source failed'],
  );
});

test('an error in a branch ends only that branch', async () => {
  const [one, other] = teeTwo(pipeline(ctx, new Probe({ count: 5 })));

  const [failed, all] = await Promise.allSettled([
    one.forEach((x) => {
      if (x === 2) throw new Error('branch failed');
    }),
    other.toArray(),
  ]);

  assert.equal(failed.status, 'rejected');
  assert.deepEqual(all, { status: 'fulfilled', value: [0, 1, 2, 3, 4] });
});

test('fanIn gives what is ready, whatever the others wait for', async () => {
  const quiet = chan<string>();
  const busy = chan<string>(3);
  for (const item of ['a', 'b', 'c']) busy.trySend(item);
  const iterator = fanIn(ctx, [quiet, busy])[Symbol.asyncIterator]();

  const seen = [await iterator.next(), await iterator.next(), await iterator.next()];
  const waiting = iterator.next();
  await settle();
  quiet.trySend('d');

  assert.deepEqual(
    [...seen, await waiting].map(({ value }) => value),
    ['a', 'b', 'c', 'd'],
  );
  await iterator.return!();
});

test('fanIn serves ready sources in turn', async () => {
  const sources = ['aaa', 'bbb', 'ccc'].map((letters) => [...letters]);

  assert.deepEqual(await fanIn(ctx, sources).toArray(), [...'abcabcabc']);
  assert.deepEqual(await fanIn(ctx, []).toArray(), []);
});

test('an endless source that never waits does not keep fanIn from one that does', async () => {
  async function* late(): AsyncGenerator<string> {
    await undefined;
    yield 'late';
  }
  let pulled = 0;
  function* endless(): Generator<string> {
    for (;;) yield `${pulled++}`;
  }

  for await (const item of fanIn(ctx, [endless(), late()])) if (item === 'late') break;

  assert.ok(pulled < 200, `${pulled}`);
});

test('fanIn asks each source for one element at a time', async () => {
  const probes = [new Probe(), new Probe()];
  const iterator = fanIn(ctx, probes)[Symbol.asyncIterator]();
  await iterator.next();
  await settle();

  const pulled = probes.map((probe) => probe.pulled);
  assert.ok(Math.max(...pulled) <= 2 && pulled[0]! + pulled[1]! <= 3, `${pulled}`);
  await iterator.return!();
  assert.deepEqual(
    probes.map((probe) => probe.returned),
    [1, 1],
  );
});

test('the first error of a source ends the others', async () => {
  const probe = new Probe();
  const numbers = chan<number>();

  await assert.rejects(fanIn(ctx, [probe, new Probe({ failAt: 1 }), numbers]).toArray(), { message: 'source failed' });

  assert.equal(probe.returned, 1);
  assert.equal(numbers.trySend(1), false);
});

test('to sends with backpressure and closes the channel at the end', async () => {
  const probe = new Probe({ count: 5 });
  const out = chan<number>(1);
  const running = pipeline(ctx, probe.sync).to(out);
  await settle();

  assert.equal(probe.pulled, 2);
  assert.deepEqual(await pipeline(ctx, out).toArray(), [0, 1, 2, 3, 4]);
  await running;
  assert.equal(out.isClosed, true);
});

test('to leaves the channel open if told to', async () => {
  const out = chan<number>(2);

  await pipeline(ctx, [1, 2]).to(out, { close: false });

  assert.deepEqual([out.isClosed, out.len], [false, 2]);
});

test('to closes the channel also where the pipeline failed, or somebody else has closed it', async () => {
  const out = chan<number>(5);
  const closed = chan<number>(1);
  closed.close();
  const probe = new Probe();

  await assert.rejects(pipeline(ctx, new Probe({ failAt: 1 })).to(out), { message: 'source failed' });
  await assert.rejects(pipeline(ctx, probe).to(closed), { reason: 'CHANNEL_CLOSED' });

  assert.equal(out.isClosed, true);
  assert.equal(probe.returned, 1);
});

test('toArray refuses more than its maximum', async () => {
  const probe = new Probe();

  await assert.rejects(pipeline(ctx, probe).toArray({ max: 3 }), {
    code: 'resource_exhausted',
    reason: 'PIPELINE_TOO_LONG',
  });

  assert.deepEqual([probe.pulled, probe.returned], [4, 1]);
  assert.deepEqual(await pipeline(ctx, [1, 2]).toArray({ max: 2 }), [1, 2]);
});

test('reduce takes functions that wait', async () => {
  const total = await pipeline(ctx, [1, 2, 3]).reduce(async (sum, x) => sum + x, 0);

  assert.equal(total, 6);
});
