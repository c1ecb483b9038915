import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { as } from '../../../errors/index.ts';
import { type EventLog, type EventLogOptions, eventLog } from './event-log.ts';
import { EncodedEvent, encodeEvent, type ServerSentEvent } from './server-sent-events.ts';

const epoch = 'e';

/** `event data`, or `@id` for one that only tells the place. */
function shown({ event, id, data }: ServerSentEvent): string {
  return event === undefined && data === '' ? `@${id}` : `${event ?? 'message'} ${JSON.stringify(data)}`;
}

/** What a follower gets until it would have to wait. */
async function take(log: EventLog, lastEventId?: string): Promise<string[]> {
  const ctx = background().withCancel();
  const got: string[] = [];
  try {
    for await (const event of log.follow(ctx, lastEventId)) {
      got.push(shown(event));
      setImmediate(() => ctx.cancel());
    }
  } catch (error) {
    assert.equal(as(error)?.code, 'canceled');
  }
  return got;
}

function filled(count: number, options: EventLogOptions = {}): EventLog {
  const log = eventLog({ epoch, ...options });
  for (let n = 1; n <= count; n++) log.append({ data: n });
  return log;
}

describe('eventLog', () => {
  it('gives ids that follow each other', () => {
    const log = eventLog({ epoch });

    const ids = [log.lastId, log.append({ data: 'a' }), log.append({ event: 'b', data: {} }), log.lastId];

    assert.deepEqual(ids, ['e-0', 'e-1', 'e-2', 'e-2']);
  });

  it('has ids of its own', () => {
    assert.notEqual(eventLog().lastId, eventLog().lastId);
  });

  const rows: readonly [what: string, options: EventLogOptions, id: string | undefined, got: readonly string[]][] = [
    ['tells a new follower only its place', {}, undefined, ['@e-3']],
    ['replays what came after the id', {}, 'e-1', ['message 2', 'message 3']],
    ['replays all after the beginning', {}, 'e-0', ['message 1', 'message 2', 'message 3']],
    ['replays all that is kept, if it is what follows', { maxEvents: 2 }, 'e-1', ['message 2', 'message 3']],
    ['resets for what is kept no more', { maxEvents: 2 }, 'e-0', ['reset {}']],
    ['resets for an id that is still to come', {}, 'e-4', ['reset {}']],
    ['resets for an id of another log', {}, 'f-1', ['reset {}']],
    ['resets for nonsense', {}, 'nonsense', ['reset {}']],
    ['resets for an empty id', {}, '', ['reset {}']],
    ['resets for a number that is written otherwise', {}, 'e-01', ['reset {}']],
    ['resets for a number with a sign', {}, 'e--1', ['reset {}']],
    ['resets for a number that is too large', {}, 'e-99999999999999999999', ['reset {}']],
    ['resets as it was told to', { maxEvents: 1, reset: { event: 'reload', data: 7 } }, 'e-0', ['reload 7']],
  ];
  for (const [what, options, id, got] of rows) {
    it(what, async () => {
      assert.deepEqual(await take(filled(3, options), id), got);
    });
  }

  it('gives nothing to who has seen everything, until something is added', async () => {
    const log = filled(2);
    const follower = log.follow(background(), 'e-2')[Symbol.asyncIterator]();

    const next = follower.next();
    log.append({ data: 'new' });

    assert.equal(shown((await next).value), 'message "new"');
    await follower.return?.();
  });

  it('holds the place from the call on, not from the first read', async () => {
    const log = eventLog({ epoch });
    const follower = log.follow(background())[Symbol.asyncIterator]();

    log.append({ data: 'meanwhile' });

    assert.deepEqual(
      [shown((await follower.next()).value), shown((await follower.next()).value)],
      ['@e-0', 'message "meanwhile"'],
    );
    await follower.return?.();
  });

  it('resets a follower that is overtaken, once, and goes on from there', async () => {
    const log = filled(0, { maxEvents: 2 });
    const follower = log.follow(background(), 'e-0')[Symbol.asyncIterator]();
    const next = async () => (await follower.next()).value as ServerSentEvent;
    log.append({ data: 1 });
    const first = await next();

    for (const n of [2, 3, 4]) log.append({ data: n });
    const reset = await next();
    log.append({ data: 5 });
    const after = await next();

    assert.deepEqual([first, reset, after].map(shown), ['message 1', 'reset {}', 'message 5']);
    assert.deepEqual([reset.id, after.id], ['e-4', 'e-5']);
    await follower.return?.();
  });

  it('keeps no more than its bytes, and refuses an event that is larger', () => {
    const log = eventLog({ epoch, maxBytes: 100 });

    for (let n = 0; n < 50; n++) log.append({ data: 'x'.repeat(n % 40) });

    assert.ok(log.size >= 1 && log.size <= 6, String(log.size));
    assert.throws(() => log.append({ data: 'x'.repeat(100) }), RangeError);
    assert.equal(log.lastId, 'e-50');
  });

  it('encodes an event once for all followers', async () => {
    const log = eventLog({ epoch });
    const followers = Array.from({ length: 3 }, () => log.follow(background(), 'e-0')[Symbol.asyncIterator]());
    log.append({ event: 'gift', data: { a: 1 }, retryMs: 5 });

    const events = await Promise.all(
      followers.map(async (follower) => (await follower.next()).value as ServerSentEvent),
    );
    const chunks = events.map(encodeEvent);

    assert.equal(String(chunks[0]), 'event: gift\nid: e-1\nretry: 5\ndata: {"a":1}\n\n');
    assert.ok(events[0] instanceof EncodedEvent);
    assert.ok(chunks.every((chunk) => chunk === chunks[0]));
    assert.deepEqual(events[0].data, { a: 1 });
    for (const follower of followers) await follower.return?.();
  });

  it('writes the place as an event that no listener hears of', async () => {
    const follower = eventLog({ epoch }).follow(background())[Symbol.asyncIterator]();

    assert.equal(String(encodeEvent((await follower.next()).value)), 'id: e-0\n\n');
  });

  it('ends its followers when it is closed, after what there is', async () => {
    const log = filled(1);
    const [behind, waiting] = ['e-0', 'e-1'].map((id) => Array.fromAsync(log.follow(background(), id)));

    await new Promise((resolve) => setImmediate(resolve));
    log.close();

    assert.deepEqual([(await behind)?.map(shown), await waiting], [['message 1'], []]);
    assert.throws(() => log.append({ data: 1 }), { reason: 'LOG_CLOSED' });
    assert.deepEqual((await Array.fromAsync(log.follow(background(), 'e-0'))).map(shown), ['message 1']);
  });

  it('throws the end of the Context while a follower waits, and when it begins to', async () => {
    const log = eventLog({ epoch });
    const ctx = background().withCancel();
    const [waiting, later] = [1, 2].map(() => log.follow(ctx, 'e-0')[Symbol.asyncIterator]());
    const next = waiting!.next();

    ctx.cancel();
    log.append({ data: 1 });

    await assert.rejects(next, (error) => as(error)?.code === 'canceled');
    assert.equal(shown((await later!.next()).value), 'message 1');
    await assert.rejects(later!.next(), (error) => as(error)?.code === 'canceled');
  });

  it('tells a follower that waits that it has left, and refuses a second wait', async () => {
    const log = eventLog({ epoch });
    const follower = log.follow(background(), 'e-0')[Symbol.asyncIterator]();
    const next = follower.next();

    await assert.rejects(follower.next(), TypeError);
    await follower.return?.();

    assert.deepEqual(
      [await next, await follower.next()],
      [
        { done: true, value: undefined },
        { done: true, value: undefined },
      ],
    );
  });

  it('wakes those who still wait when others have left, and leaves nothing in their Contexts', async () => {
    const log = eventLog({ epoch });
    const stops: string[] = [];
    const ctx = (name: string) => {
      const context = background().withCancel();
      const onDone = (fn: () => void) => {
        const stop = context.onDone(fn);
        return () => {
          stops.push(name);
          return stop();
        };
      };
      return Object.assign(Object.create(context), { onDone, throwIfDone: () => context.throwIfDone() });
    };
    const followers = ['a', 'b', 'c'].map((name) => log.follow(ctx(name), 'e-0')[Symbol.asyncIterator]());
    const steps = followers.map((follower) => follower.next());

    await followers[0]?.return?.();
    await followers[2]?.return?.();
    log.append({ data: 1 });
    const results = await Promise.all(steps);
    await followers[1]?.return?.();

    assert.deepEqual(
      results.map(({ done, value }) => (done === true ? 'left' : shown(value))),
      ['left', 'message 1', 'left'],
    );
    assert.deepEqual(stops, ['a', 'c', 'b']);
  });

  for (const options of [{ maxEvents: 0 }, { maxEvents: 1.5 }, { maxBytes: 0 }, { maxBytes: Number.NaN }]) {
    it(`refuses ${JSON.stringify(options)}`, () => assert.throws(() => eventLog(options), RangeError));
  }
  for (const options of [{ epoch: '' }, { epoch: 'a-b' }, { epoch: 'a\nb' }, { reset: { event: 'a\nb', data: 1 } }]) {
    it(`refuses ${JSON.stringify(options)}`, () => assert.throws(() => eventLog(options), TypeError));
  }

  it('loses, doubles and reorders nothing without a reset, however followers come, go and stay away', async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    let state = seed;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * n);
    };
    for (let round = 0; round < 20; round++) {
      const log = eventLog({ epoch, maxEvents: 1 + random(20) });
      const total = 100;
      const client = async () => {
        let lastId: string | undefined = 'e-0';
        let seen = 0;
        while (seen < total) {
          const follower = log.follow(background(), lastId)[Symbol.asyncIterator]();
          for (let stay = random(10); stay >= 0 && seen < total; stay--) {
            const { value } = (await follower.next()) as { value: ServerSentEvent };
            const number: number = value.event === 'reset' ? Number(value.id!.slice(2)) : (value.data as number);
            // A reset may be told instead of an event, but never a gap without one.
            assert.ok(
              value.event === 'reset' ? number >= seen : number === seen + 1,
              `seed ${seed}: ${seen} ${number}`,
            );
            seen = number;
            lastId = value.id;
            if (random(3) === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await follower.return?.();
        }
      };
      const clients = Array.from({ length: 5 }, client);

      for (let n = 1; n <= total; n++) {
        log.append({ data: n });
        if (random(4) === 0) await new Promise((resolve) => setImmediate(resolve));
      }

      await Promise.all(clients);
    }
  });
});
