import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, type Context, rootContext, yieldNow } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { compose, optional, type Part, required } from './compose.ts';

/** Work that ends only with its Context; `seen` collects the Contexts. */
const never =
  (seen: Context[] = []) =>
  (ctx: Context) => {
    seen.push(ctx);
    return new Promise<string>(() => {});
  };

test('compose answers with every part that arrived', async () => {
  const answer = await compose(background(), {
    room: required(async () => 'lounge'),
    rank: optional(async () => [1, 2]),
  });

  assert.deepEqual(answer, { values: { room: 'lounge', rank: [1, 2] }, missing: [] });
});

test('an optional part that fails is named in missing', async () => {
  const answer = await compose(background(), {
    room: required(async () => 'lounge'),
    rank: optional<number[]>(async () => {
      throw new StatusError('unavailable', 'rank is down');
    }),
  });

  assert.deepEqual(answer, { values: { room: 'lounge' }, missing: ['rank'] });
});

test('a late optional part is cancelled and named in missing', async () => {
  const clock = virtualClock();
  const seen: Context[] = [];

  const answer = compose(
    rootContext(clock),
    { room: required(async () => 'lounge'), rank: optional(never(seen)) },
    { timeoutMs: 300 },
  );
  await clock.advance(300);

  assert.deepEqual(await answer, { values: { room: 'lounge' }, missing: ['rank'] });
  assert.equal(seen[0]?.err()?.code, 'deadline_exceeded');
});

test('a part with a time limit of its own is late by that', async () => {
  const clock = virtualClock();

  const answer = compose(rootContext(clock), { rank: optional(never(), { timeoutMs: 50 }) }, { timeoutMs: 300 });
  await clock.advance(50);

  assert.deepEqual((await answer).missing, ['rank']);
});

test('a required part with a time limit of its own fails the composition when it is late', async () => {
  const clock = virtualClock();

  const answer = compose(rootContext(clock), { room: required(never(), { timeoutMs: 50 }) });
  const rejected = assert.rejects(answer, { code: 'deadline_exceeded' });
  await clock.advance(50);

  await rejected;
});

test('optional parts give up before the caller does, so that a partial answer arrives', async () => {
  const clock = virtualClock();
  using caller = rootContext(clock).withTimeout(100);

  const answer = compose(caller, { rank: optional(never()) }, { timeoutMs: 300 });
  await clock.advance(90);

  assert.deepEqual((await answer).missing, ['rank']);
  assert.equal(caller.err(), undefined);
});

test('a required part that fails fails the composition and cancels the others', async () => {
  const seen: Context[] = [];

  const answer = compose(background(), {
    rank: optional(never(seen)),
    room: required<string>(async () => {
      throw new StatusError('not_found', 'no room 7');
    }),
  });

  await assert.rejects(answer, { code: 'not_found', message: 'no room 7' });
  assert.equal(seen[0]?.err()?.code, 'canceled');
});

test('a part that needs another gets its value, which is loaded once', async () => {
  let loads = 0;
  const room = required(async () => {
    loads++;
    return { hostId: 'ann' };
  });
  const host = optional(async (_ctx, needed) => `account ${(await needed(room)).hostId}`);
  const title = optional(async (_ctx, needed) => `room of ${(await needed(room)).hostId}`);

  const answer = await compose(background(), { host, title, room });

  assert.deepEqual(answer.values, { host: 'account ann', title: 'room of ann', room: { hostId: 'ann' } });
  assert.equal(loads, 1);
});

test('parts that need each other fail, at once or by their time limit', async () => {
  const clock = virtualClock();
  const first: Part<string> = optional(async (_ctx, needed) => await needed(second));
  const second: Part<string> = optional(async (_ctx, needed) => await needed(first));
  const late: Part<string> = optional(async (_ctx, needed) => {
    await yieldNow();
    return await needed(late);
  });

  assert.deepEqual((await compose(rootContext(clock), { first, second })).missing, ['first', 'second']);
  const answer = compose(rootContext(clock), { late }, { timeoutMs: 300 });
  await clock.advance(300);

  assert.deepEqual((await answer).missing, ['late']);
});

test('parts start at the same time', async () => {
  const started: string[] = [];
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const part = (name: string) =>
    required(async () => {
      started.push(name);
      await gate;
      return name;
    });

  const answer = compose(background(), { a: part('a'), b: part('b') });

  assert.deepEqual(started, ['a', 'b']);
  release();
  assert.deepEqual((await answer).values, { a: 'a', b: 'b' });
});

test('a caller that gives up ends the composition with its own error', async () => {
  const caller = background().withCancel();

  const answer = compose(caller, { rank: optional(never()) });
  caller.cancel();

  await assert.rejects(answer, { code: 'canceled' });
});
