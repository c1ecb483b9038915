import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { virtualClock } from '../../testing/index.ts';
import { inTime } from '../testdata/calls.ts';
import { tcpServer } from '../testdata/tcp-server.ts';
import { call, frame, testSettings } from './engines.fixture.ts';
import { MuxSession } from './mux-session.ts';
import { codes, frames } from './protocol.ts';
import { encodeSettings } from './settings.ts';

/** A session with a node that says its settings, and then what the test wants. */
async function connected() {
  const clock = virtualClock();
  const heard: Buffer[] = [];
  const accepted = Promise.withResolvers<Socket>();
  const node = await tcpServer((socket) => {
    socket.on('data', (chunk) => void heard.push(Buffer.from(chunk)));
    socket.write(frame(frames.settings, 0, 0, encodeSettings(testSettings)));
    accepted.resolve(socket);
  });
  const events: string[] = [];
  const options = {
    clock,
    connectTimeoutMs: 1_000,
    idleTimeoutMs: 60_000,
    maxMessageBytes: 1_000,
    maxHeaderBytes: 1_000,
  };
  const session = new MuxSession(node.url, options, {
    onEnd: () => void events.push('end'),
    onGone: () => void events.push('gone'),
    isKept: () => false,
  });
  await session.ready;
  return {
    session,
    clock,
    events,
    peer: await accepted.promise,
    heardText: () => Buffer.concat(heard).toString('latin1'),
    async [Symbol.asyncDispose]() {
      session.destroy();
      await node[Symbol.asyncDispose]();
    },
  };
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

const ping = (flag: number) => frame(frames.ping, flag, 0, Array(8).fill(0));

describe('a connection to a node', inTime, () => {
  test('on which a call runs is cut when nobody answers its pings', async () => {
    await using fixture = await connected();
    const { session, clock, events } = fixture;
    session.book();

    await clock.advance(10_000);
    await eventually(() => fixture.heardText().includes(ping(0).toString('latin1')));
    await clock.advance(10_000);
    assert.deepEqual(events, []);
    await clock.advance(1_000);

    await eventually(() => events.length === 2);
    assert.deepEqual(events, ['end', 'gone']);
    session.release();
  });

  test('stays while its pings are answered', async () => {
    await using fixture = await connected();
    const { session, clock, events, peer } = fixture;
    session.book();

    for (let round = 1; round <= 5; round++) {
      await clock.advance(10_000);
      await eventually(() => fixture.heardText().split(ping(0).toString('latin1')).length > round);
      const before = peer.bytesWritten;
      peer.write(ping(1));
      await eventually(() => peer.bytesWritten > before && peer.writableLength === 0);
      // Until it is read.
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    }

    assert.deepEqual(events, []);
    session.release();
    assert.equal(clock.pending, 0);
  });

  test('takes no more calls when the node goes away, says so, and ends with its last call', async () => {
    await using fixture = await connected();
    const { session, events, peer } = fixture;
    session.book();

    peer.write(frame(frames.goAway, 0, 0, [0, 0, 0, codes.drain]));
    await eventually(() => events.length > 0);
    await eventually(() => fixture.heardText().includes(frame(frames.goAway, 1, 0).toString('latin1')));

    assert.deepEqual([events, session.hasRoom, session.isOpen], [['end'], false, false]);
    session.release();
    await eventually(() => events.length === 2);
    assert.deepEqual(events, ['end', 'gone']);
  });

  for (const [name, sent, reason] of [
    ['breaks the protocol', frame(frames.call, 0, 1), 'PROTOCOL_ERROR'],
    ['closes its end', undefined, 'CONNECTION_LOST'],
  ] as const) {
    test(`ends at once when the node ${name}, though it reads nothing`, async () => {
      await using fixture = await connected();
      const { session, clock, events, peer } = fixture;
      peer.pause();
      session.book();
      const running = call(session.engine, 'x');
      session.engine.out.raw(Buffer.alloc(16_000_000));
      session.onFull();

      if (sent === undefined) peer.end();
      else peer.write(sent);
      await eventually(() => events.length > 0);

      assert.deepEqual([session.isOpen, session.hasRoom, running.seen.events], [false, false, [`lost ${reason}`]]);
      session.release();
      await clock.advance(1_000);
      await eventually(() => events.length === 2);
      assert.deepEqual([events, clock.pending], [['end', 'gone'], 0]);
    });
  }
});
