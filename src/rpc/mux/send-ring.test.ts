import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, pair, randomOf, TestCall } from './engines.fixture.ts';
import { codes } from './protocol.ts';
import { SendRing } from './send-ring.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

test(`streams take turns in their order, whichever leave (seed ${seed})`, () => {
  const random = randomOf(seed);
  const ring = new SendRing();
  const all = Array.from({ length: 20 }, () => new TestCall());
  const model: TestCall[] = [];

  for (let step = 0; step < 2_000; step++) {
    const one = all[Math.floor(random() * all.length)]!;
    const choice = random();
    if (choice < 0.5) {
      ring.add(one);
      if (!model.includes(one)) model.push(one);
    } else if (choice < 0.75) {
      ring.remove(one);
      if (model.includes(one)) model.splice(model.indexOf(one), 1);
    } else if (model.length > 0) assert.equal(ring.take(), model.shift());

    assert.equal(ring.isEmpty, model.length === 0);
  }
});

test('a call that is cancelled while it waits for room is held no longer', () => {
  const { client } = pair();
  client.isBlocked = true;
  const first = call(client, 'x');
  const cancelled = call(client, 'x');
  const last = call(client, 'x');

  client.reset(cancelled, codes.cancel);

  assert.deepEqual([cancelled.isQueued, cancelled.nextQueued, cancelled.previousQueued], [false, undefined, undefined]);
  assert.deepEqual([first.nextQueued, last.previousQueued], [last, first]);
});

test('the calls that waited go on in their order when others were cancelled', () => {
  const { client, server, inbound, settle } = pair();
  client.isBlocked = true;
  const calls = Array.from({ length: 6 }, (_, index) => call(client, `call ${index}`));
  for (const index of [0, 3, 5]) client.reset(calls[index]!, codes.cancel);

  client.isBlocked = false;
  client.flushed();
  settle();

  const texts = inbound.flatMap((stream) => stream.seen.unread.map(({ text }) => text));
  assert.deepEqual(texts, ['call 1', 'call 2', 'call 4']);
  assert.equal(server.streams.size, 3);
});
