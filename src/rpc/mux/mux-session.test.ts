import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { StatusError } from '../../errors/index.ts';
import { unsentBy } from '../../guard/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { inTime } from '../testdata/calls.ts';
import { tcpServer } from '../testdata/tcp-server.ts';
import { call, frame, testSettings } from './engines.fixture.ts';
import { MuxSession } from './mux-session.ts';
import { codes, frames } from './protocol.ts';
import { encodeSettings } from './settings.ts';

const limits = { connectTimeoutMs: 1_000, idleTimeoutMs: 60_000, maxMessageBytes: 1_000, maxHeaderBytes: 1_000 };

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
  const options = { ...limits, clock };
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

  test('is cut when the node answers none of many calls, though each ends before the next ping', async () => {
    await using fixture = await connected();
    const { session, clock, events } = fixture;

    for (let calls = 0; calls < 4; calls++) {
      session.book();
      await clock.advance(5_000);
      session.release();
      if (calls === 2) await eventually(() => fixture.heardText().includes(ping(0).toString('latin1')));
    }
    assert.deepEqual(events, []);
    session.book();
    await clock.advance(1_000);

    await eventually(() => events.length === 2);
    assert.deepEqual(events, ['end', 'gone']);
    session.release();
  });

  test('is cut when the node goes away and then vanishes, while a call runs', async () => {
    await using fixture = await connected();
    const { session, clock, events, peer } = fixture;
    session.book();
    peer.write(frame(frames.goAway, 0, 0, [0, 0, 0, codes.drain]));
    await eventually(() => events.length > 0);

    for (let seconds = 0; seconds < 21; seconds++) await clock.advance(1_000);

    await eventually(() => events.length === 2);
    assert.deepEqual(events, ['end', 'gone']);
    session.release();
  });

  test('is asked nothing while calls are answered, however long it is used', async () => {
    await using fixture = await connected();
    const { session, clock, events, peer } = fixture;
    session.book();
    const running = Array.from({ length: 10 }, () => call(session.engine, 'x'));

    for (const one of running) {
      await clock.advance(9_000);
      peer.write(frame(frames.answer, 0, one.id));
      await eventually(() => !one.isOpen);
    }

    assert.deepEqual([events, fixture.heardText().includes(ping(0).toString('latin1'))], [[], false]);
    session.release();
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

for (const [name, tell] of [
  ['goes away', (peer: Socket) => void peer.write(frame(frames.goAway, 0, 0, [0, 0, 0, codes.drain]))],
  ['is gone', (peer: Socket) => void peer.destroy()],
] as const) {
  test(`a call that could not leave may be sent elsewhere when its node ${name}`, inTime, async () => {
    await using fixture = await connected();
    const { session, events, peer } = fixture;
    session.book();
    session.engine.isBlocked = true;
    const errors: StatusError[] = [];
    const waiting = call(session.engine, 'x');
    waiting.onLost = (error) => void errors.push(error);

    tell(peer);
    await eventually(() => events.length > 0);

    assert.deepEqual(
      errors.map((error) => [error.reason, unsentBy(error)]),
      [['CONNECT_FAILED', 'transport']],
    );
    session.release();
  });
}

test('an address that is none is a node that cannot be reached', async () => {
  const events: string[] = [];
  const options = { ...limits, clock: virtualClock() };

  const session = new MuxSession('10.0.0.1:8080', options, {
    onEnd: () => void events.push('end'),
    onGone: () => void events.push('gone'),
    isKept: () => false,
  });

  assert.deepEqual(events, []);
  await assert.rejects(session.ready, { reason: 'CONNECT_FAILED' });
  assert.deepEqual(events, ['end', 'gone']);
});

test('a node that refuses a client says why', async () => {
  const said = 'this server speaks versions 2 to 3';
  await using node = await tcpServer((socket) => {
    socket.write(frame(frames.goAway, 0, 0, [0, 0, 0, codes.version, ...Buffer.from(said)]));
  });
  const options = { ...limits, clock: virtualClock() };

  const session = new MuxSession(node.url, options, { onEnd() {}, onGone() {}, isKept: () => false });

  await assert.rejects(session.ready, (error: Error) => error.message.includes(said));
});
