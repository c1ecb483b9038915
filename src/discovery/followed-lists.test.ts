import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Context, rootContext, sleep } from '../concurrency/index.ts';
import { noTelemetry, withTelemetry } from '../observe/index.ts';
import { virtualClock } from '../testing/index.ts';
import { Backoff } from './backoff.ts';
import { FollowedLists } from './followed-lists.ts';
import { idsOf, instanceOf } from './registry.contract.ts';
import { type Lists, listOf, listsOf } from './registry-backend.ts';

/** A source that reads as it is told, on a clock that stands still. */
function follow(read: (ctx: Context, turn: number) => AsyncIterable<Lists | undefined>, graceMs = 10_000) {
  const clock = virtualClock();
  const said: string[] = [];
  const say = (level: string) => (_: unknown, message: string) => void said.push(`${level}: ${message}`);
  const log = { ...noTelemetry.log, warn: say('warn'), info: say('info') };
  const ctx = withTelemetry(rootContext(clock), { ...noTelemetry, log }).withCancel();
  let turns = 0;
  const lists = new FollowedLists(ctx, {
    source: { read: (reading) => read(reading, turns++) },
    name: 'the store',
    backoff: new Backoff({ random: () => 0 }),
    graceMs,
  });
  const running = lists.run();
  return {
    clock,
    lists,
    said,
    turns: () => turns,
    ids: () => idsOf(lists.snapshot('room')),
    async end() {
      ctx.cancel();
      await running;
      assert.equal(clock.pending, 0, 'no timer is left');
    },
  };
}

const forEver = (ctx: Context) => sleep(ctx, 86_400_000).catch(() => {});
const rooms = (...ids: string[]) =>
  listOf(
    'room',
    ids.map((id) => instanceOf(id)),
    false,
  );

describe('FollowedLists', () => {
  it('asks a source that cannot be had with growing pauses, up to five seconds', async () => {
    const followed = follow(async function* () {
      yield* [];
      throw new Error('away');
    });

    await followed.clock.advance(60_000);

    assert.ok(followed.turns() >= 15 && followed.turns() <= 20, `${followed.turns()} tries`);
    assert.equal(followed.lists.isKnown, false);
    await followed.end();
  });

  it('does the same where it gives its lists and breaks at once', async () => {
    const followed = follow(async function* () {
      yield rooms('room-1');
      throw new Error('cut');
    });

    await followed.clock.advance(60_000);

    assert.ok(followed.turns() <= 20, `${followed.turns()} tries`);
    assert.deepEqual(followed.said, ['warn: the store cannot be read; the last lists stay in use']);
    assert.deepEqual(followed.ids(), ['room-1']);
    await followed.end();
  });

  it('says that a source is away, and that it is back, once each', async () => {
    const followed = follow(async function* (ctx, turn) {
      if (turn < 5) throw new Error('away');
      yield rooms('room-1');
      await forEver(ctx);
    });

    await followed.clock.advance(60_000);

    assert.deepEqual(followed.said, [
      'warn: the store cannot be read; there is no list yet',
      'info: the store can be read again',
    ]);
    await followed.end();
  });

  it('asks again soon where a connection lasted', async () => {
    const followed = follow(async function* (ctx) {
      yield rooms('room-1');
      await sleep(ctx, 10_000);
    });

    await followed.clock.advance(100_000);

    assert.equal(followed.turns(), 10);
    await followed.end();
  });

  it('lets go of those that stayed missing when their grace is over, without another list', async () => {
    const followed = follow(async function* (ctx) {
      yield rooms('room-1', 'room-2', 'room-3');
      await sleep(ctx, 1_000);
      yield rooms('room-3');
      await forEver(ctx);
    });
    await followed.clock.advance(10_999);
    assert.deepEqual(followed.ids(), ['room-1', 'room-2', 'room-3']);
    const before = followed.lists.changes.count;

    await followed.clock.advance(1);

    assert.deepEqual(followed.ids(), ['room-3']);
    assert.equal(followed.lists.changes.count, before + 1);
    await followed.end();
  });

  it('doubts the first list after the store was away, of which one alone is missing', async () => {
    const followed = follow(async function* (ctx, turn) {
      yield turn === 0 ? rooms('room-1', 'room-2', 'room-3') : rooms('room-2', 'room-3');
      if (turn === 0) throw new Error('cut');
      await forEver(ctx);
    });

    await followed.clock.advance(9_000);
    assert.deepEqual(followed.ids(), ['room-1', 'room-2', 'room-3']);
    await followed.clock.advance(2_000);

    assert.deepEqual(followed.ids(), ['room-2', 'room-3']);
    await followed.end();
  });

  it('tells of a list only when it differs', async () => {
    const followed = follow(async function* (ctx) {
      for (let n = 0; n < 5; n++) {
        yield rooms('room-1');
        yield undefined;
      }
      await forEver(ctx);
    });

    await followed.clock.advance(1);

    assert.equal(followed.lists.changes.count, 1);
    await followed.end();
  });

  it('keeps services that a whole list does not name any more for the grace, and others as they are', async () => {
    const rank = instanceOf('rank-1', { service: 'rank' });
    const followed = follow(async function* (ctx) {
      yield listsOf([instanceOf('room-1'), rank], false);
      yield listsOf([rank], false);
      yield { ...listOf('rank', [rank, instanceOf('rank-2', { service: 'rank' })], false), isWhole: false };
      await forEver(ctx);
    });
    const sizes = () => followed.lists.all().map(({ service, instances }) => `${service} ${instances.length}`);

    await followed.clock.advance(1);
    assert.deepEqual(sizes().sort(), ['rank 2', 'room 1']);
    await followed.clock.advance(10_000);

    assert.deepEqual(sizes(), ['rank 2']);
    await followed.end();
  });
});
