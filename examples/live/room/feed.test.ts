import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { background, type Context } from 'flotilla/concurrency';
import { cleanup } from 'flotilla/testing';
import type { RoomEvent } from './domain.ts';
import { type FeedSource, PollingFeed } from './feed.ts';
import { roomKey } from './store.ts';

const ctx = background();

/** A table of one room's events, which counts how often it is read. */
class FakeSource implements FeedSource {
  count = 0;
  looks = 0;
  reads = 0;
  failures = 0;

  async lastSeqs(_ctx: Context, rooms: readonly { tenant: string; roomId: string }[]) {
    this.looks++;
    if (this.failures > 0) {
      this.failures--;
      throw new Error('the table is away');
    }
    return new Map(rooms.map(({ tenant, roomId }) => [roomKey(tenant, roomId), this.count]));
  }
  async eventsAfter(_ctx: Context, _tenant: string, roomId: string, afterSeq: number, limit: number) {
    this.reads++;
    const events: RoomEvent[] = [];
    for (let seq = afterSeq + 1; seq <= this.count && events.length < limit; seq++) {
      events.push({ roomId, seq, createdMs: 1, kind: 'state', state: 'open' });
    }
    return events;
  }
}

function setUp(t: TestContext, options: { maxWatchers?: number } = {}) {
  const source = new FakeSource();
  const errors: unknown[] = [];
  const feed = new PollingFeed({ source, pollMs: 5, onError: (error) => errors.push(error), ...options });
  cleanup(t, () => feed.close());
  return { source, feed, errors };
}

async function take(feed: PollingFeed, afterSeq: number, count: number): Promise<number[]> {
  using own = ctx.withTimeout(60_000);
  const seqs: number[] = [];
  for await (const { seq } of feed.follow(own, 'acme', 'r1', afterSeq)) {
    if (seqs.push(seq) === count) break;
  }
  return seqs;
}

describe('PollingFeed', () => {
  it('gives the events that come, in order', async (t) => {
    const { source, feed } = setUp(t);

    const watching = take(feed, 0, 3);
    source.count = 1;
    const more = take(feed, 1, 2);
    source.count = 3;

    assert.deepEqual(await watching, [1, 2, 3]);
    assert.deepEqual(await more, [2, 3]);
  });

  it('gives what a watcher has missed, however much', async (t) => {
    const { source, feed } = setUp(t);
    source.count = 1_000;

    const all = await take(feed, 0, 1_000);

    assert.deepEqual(
      all,
      Array.from({ length: 1_000 }, (_, i) => i + 1),
    );
  });

  it('reads what many have missed for each, and what is new once for all', async (t) => {
    const { source, feed } = setUp(t);
    const watching = Array.from({ length: 50 }, () => take(feed, 0, 5));

    source.count = 5;
    await Promise.all(watching);

    assert.ok(source.reads <= 2, `${source.reads} reads`);
  });

  it('serves a watcher that is further behind than the others', async (t) => {
    const { source, feed } = setUp(t);
    source.count = 900;
    const newest = take(feed, 900, 1);

    const behind = await take(feed, 100, 800);
    source.count = 901;

    assert.equal(behind.at(-1), 900);
    assert.deepEqual(await newest, [901]);
  });

  it('ends with the context of the watcher', async (t) => {
    const { feed } = setUp(t);
    const own = ctx.withCancel();

    const watching = (async () => {
      for await (const _ of feed.follow(own, 'acme', 'r1', 0));
    })();
    own.cancel();

    await assert.rejects(watching, { code: 'canceled' });
  });

  it('looks at nothing while nobody watches', async (t) => {
    const { source, feed } = setUp(t);
    source.count = 1;
    await take(feed, 0, 1);
    await feed.close();

    const before = source.looks;
    feed.wake();
    await new Promise(setImmediate);

    assert.equal(source.looks, before);
  });

  it('goes on after a look that failed, and tells of it', async (t) => {
    const { source, feed, errors } = setUp(t);
    source.failures = 2;

    const watching = take(feed, 0, 1);
    source.count = 1;

    assert.deepEqual(await watching, [1]);
    assert.equal(errors.length, 2);
  });

  it('refuses more watchers than it may have, and takes one again when another has left', async (t) => {
    const { source, feed } = setUp(t, { maxWatchers: 1 });
    const first = take(feed, 0, 1);

    await assert.rejects(take(feed, 0, 1), { code: 'resource_exhausted', reason: 'TOO_MANY_WATCHERS' });
    source.count = 1;
    await first;

    assert.deepEqual(await take(feed, 0, 1), [1]);
  });
});
