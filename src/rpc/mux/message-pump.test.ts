import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@bufbuild/protobuf';
import { stepsOf } from '../../concurrency/steps/steps-of.ts';
import { MessagePump } from './message-pump.ts';

/** A pump whose owner does with each message as `send` says; `ended` resolves with what was sent and how it ended. */
function pumped(source: AsyncIterable<number>, send: (n: number, pump: MessagePump) => boolean) {
  const sent: unknown[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown[]>();
  const pump: MessagePump = new MessagePump(
    {
      sendNext(message) {
        const n = message as unknown as number;
        const isSent = send(n, pump);
        sent.push(n);
        return isSent;
      },
      pumpDone: () => resolve([...sent, 'done']),
      pumpFailed: (error) => resolve([...sent, (error as Error).message]),
    },
    stepsOf(source as unknown as AsyncIterable<Message>),
  );
  pump.resume();
  return { pump, sent, ended };
}

/** One to three; counts how many steps are asked for at a time. */
function counted() {
  let [asked, most, n] = [0, 0, 0];
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        most = Math.max(most, ++asked);
        await Promise.resolve();
        asked--;
        return n === 3 ? { done: true, value: undefined } : { done: false, value: ++n };
      },
    }),
  };
  return { source, most: () => most };
}

test('what is sent at once is followed by the next', async () => {
  const { source, most } = counted();

  assert.deepEqual(await pumped(source, () => true).ended, [1, 2, 3, 'done']);
  assert.equal(most(), 1);
});

test('what was sent in pieces, and is said to have gone before it is said to be sent, is followed by one', async () => {
  const { source, most } = counted();
  const resuming = (_: number, pump: MessagePump) => {
    pump.resume();
    return true;
  };

  assert.deepEqual(await pumped(source, resuming).ended, [1, 2, 3, 'done']);
  assert.equal(most(), 1);
});

test('what waits for room is followed by nothing until it has gone', async () => {
  const { source } = counted();
  const { pump, sent, ended } = pumped(source, () => false);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assert.deepEqual(sent, [1]);

  const resume = setInterval(() => pump.resume());

  assert.deepEqual(await ended, [1, 2, 3, 'done']);
  clearInterval(resume);
});

test('what cannot be sent ends it, and its source is left', async () => {
  const left = Promise.withResolvers<void>();
  async function* source() {
    try {
      for (let n = 1; ; n++) yield n;
    } finally {
      left.resolve();
    }
  }
  const refusing = (n: number) => {
    if (n === 3) throw new Error('too large');
    return true;
  };

  assert.deepEqual(await pumped(source(), refusing).ended, [1, 2, 'too large']);
  await left.promise;
});

test('a source that fails ends it', async () => {
  async function* source() {
    yield 1;
    throw new Error('broken');
  }

  assert.deepEqual(await pumped(source(), () => true).ended, [1, 'broken']);
});
