import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultFields } from '../../call/index.ts';
import { RpcErrors } from '../rpc-errors.ts';
import type { ClientEngine } from './client-engine.ts';
import { call, pair, put, readOne, TestCall } from './engines.fixture.ts';
import { codes, flags } from './protocol.ts';

/** Two ends whose calling one has a socket that takes no more. */
function blockedPair() {
  const both = pair();
  call(both.client, 'before', true, 1_000);
  both.settle();
  both.client.isBlocked = true;
  return both;
}

function unblock(client: ClientEngine): void {
  client.isBlocked = false;
  client.flushed();
}

describe('a call while the socket takes no more', () => {
  test('leaves nothing behind when it is cancelled, however many there are', () => {
    const { client, server, settle, inbound } = blockedPair();

    for (let count = 0; count < 100_000; count++) client.reset(call(client, 'x'.repeat(50)), codes.cancel);

    assert.equal(client.out.length, 0);
    unblock(client);
    call(client, 'after');
    settle();
    assert.deepEqual(
      inbound.map(({ id, seen }) => [id, seen.unread[0]?.text]),
      [
        [1, 'before'],
        [2, 'after'],
      ],
    );
    assert.deepEqual([client.streams.size, server.streams.size], [2, 2]);
  });

  test('tells its server what is left of its time when it goes', () => {
    const { client, settle, inbound } = blockedPair();
    const timed = call(client, 'x', true, 5_000);
    const untimed = call(client, 'y', true, 0);
    [timed.leftMs, untimed.leftMs] = [1_234.5, 99];

    unblock(client);
    settle();

    assert.deepEqual(
      inbound.slice(1).map(({ seen }) => seen.events[0]),
      ['begin 1234 1', 'begin 0 1'],
    );
  });

  test('goes whole, with a message of any size or none, and says when it has gone', () => {
    const { client, server, settle, inbound } = blockedPair();
    const sizes = [0, 100, 5_000, 90_000];
    const calls = sizes.map((size) => call(client, 'x'.repeat(size)));
    const open = new TestCall();
    client.sink.reset();
    assert.equal(client.call(open, 0, '/test/Call', 0, defaultFields, 0), false);

    unblock(client);
    settle();

    for (const stream of inbound) readOne(server, stream);
    settle();
    assert.deepEqual(
      inbound.slice(1).map(({ seen }) => seen.messages[0]?.length),
      [...sizes, undefined],
    );
    assert.deepEqual(
      inbound.map(({ seen }) => seen.events.includes('end')),
      [true, true, true, true, true, false],
    );
    assert.deepEqual(
      [...calls, open].map(({ seen }) => seen.events),
      [['writable'], ['writable'], ['writable'], ['writable'], ['writable']],
    );
  });

  test('waits also while much waits for the socket, not blocked yet', () => {
    const { client } = pair();
    put(client, 'x'.repeat(60_000));
    for (let count = 0; count < 5; count++) client.out.frameOf(0, flags.message, 1, client.sink);

    const waiting = call(client, 'x');

    assert.deepEqual([waiting.isOpen, waiting.id], [true, 0]);
  });

  test('is given back when the connection takes no more, and the others go on', () => {
    const { client, settle, inbound } = blockedPair();
    const waiting = [call(client, 'x'), call(client)];

    client.giveBack(RpcErrors.CONNECT_FAILED('away'));
    unblock(client);
    settle();

    assert.deepEqual(
      waiting.map(({ isOpen, seen }) => [isOpen, seen.events]),
      [
        [false, ['lost CONNECT_FAILED']],
        [false, ['lost CONNECT_FAILED']],
      ],
    );
    assert.deepEqual([inbound.length, client.streams.size], [1, 1]);
  });

  test('is lost with its connection', () => {
    const { client } = blockedPair();
    const waiting = call(client, 'x');

    client.lost(RpcErrors.CONNECTION_LOST('gone'));

    assert.deepEqual(waiting.seen.events, ['lost CONNECTION_LOST']);
  });
});
