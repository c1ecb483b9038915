import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { eventually, served, turns } from '../testdata/served.ts';
import { ConnectionTimeouts, type Moment } from './connection-timeouts.ts';

const ctx = background();
const inTime = { timeout: 30_000 };
const off = { idleTimeoutMs: 0, readTimeoutMs: 0, writeTimeoutMs: 0, lingerMs: 0 };
const quiet = { isAwaited: true, partialBytes: 0, pendingBytes: 0, takenBytes: 0 };
const at = (now: number, rest: Partial<Moment> = {}): Moment => ({ ...quiet, now, ...rest });

describe('the times of a connection', () => {
  test('none are watched that are 0', () => {
    const times = new ConnectionTimeouts(off, 0);

    assert.equal(times.wroteFirst(5, 0), Number.POSITIVE_INFINITY);
    assert.equal(times.ranDry(3), Number.POSITIVE_INFINITY);
    assert.equal(times.check(at(1e9, { partialBytes: 3, pendingBytes: 3 })), Number.POSITIVE_INFINITY);
  });

  test('idle counts from what last happened, and only while somebody waits', () => {
    const times = new ConnectionTimeouts({ ...off, idleTimeoutMs: 100 }, 0);

    assert.equal(times.check(at(99)), 100);
    assert.equal(times.check(at(100, { isAwaited: false })), 200);
    times.activeAt = 150;
    assert.equal(times.check(at(200)), 250);
    assert.equal(times.check(at(250)), 'idle');
  });

  test('a message counts from its first bytes, however slowly the others come', () => {
    const times = new ConnectionTimeouts({ ...off, readTimeoutMs: 100 }, 0);
    times.activeAt = 10;
    assert.equal(times.ranDry(1), 110);
    times.activeAt = 90;
    assert.equal(times.ranDry(2), 110);
    assert.equal(times.check(at(109, { partialBytes: 2 })), 110);
    assert.equal(times.check(at(110, { partialBytes: 2 })), 'read');
    times.ranDry(0);
    times.activeAt = 110;
    assert.equal(times.ranDry(1), 210);
  });

  test('a peer that takes a little gets its time again, and more for much', () => {
    const times = new ConnectionTimeouts({ ...off, writeTimeoutMs: 100 }, 0);

    assert.equal(times.wroteFirst(50, 7), 150);
    assert.equal(times.check(at(149, { pendingBytes: 10, takenBytes: 7 })), 150);
    assert.equal(times.check(at(150, { pendingBytes: 9, takenBytes: 8 })), 250);
    assert.equal(times.check(at(250, { pendingBytes: 3 << 20, takenBytes: 8 })), 550);
    assert.equal(times.check(at(550, { pendingBytes: 3 << 20, takenBytes: 8 })), 'write');
    assert.equal(times.check(at(550, { pendingBytes: 0, takenBytes: 17 })), Number.POSITIVE_INFINITY);
  });

  test('a close waits for the peer once everything is sent', () => {
    const times = new ConnectionTimeouts({ ...off, idleTimeoutMs: 1, lingerMs: 500 }, 0);
    times.lingerSince = 10;

    assert.equal(times.check(at(400, { pendingBytes: 1 })), 900);
    assert.equal(times.check(at(899)), 900);
    assert.equal(times.check(at(900)), 'linger');
  });
});

describe('a connection in time', inTime, () => {
  test('is closed when nothing happens, though not while its handler is busy', async () => {
    await using fixture = await served({ idleTimeoutMs: 1_000 });
    const { peer, connection } = await fixture.connect();
    peer.resume();

    await fixture.clock.advance(5_000);
    assert.equal(connection.ctx.err(), undefined, 'nobody waits for the peer');
    const read = connection.read(ctx) as Promise<string>;
    await fixture.clock.advance(999);
    assert.equal(connection.ctx.err(), undefined);
    const closed = once(peer, 'close');
    const refused = assert.rejects(read, { reason: 'IDLE_TIMEOUT', code: 'deadline_exceeded' });
    await fixture.clock.advance(1_001);

    await Promise.all([refused, closed]);
  });

  test('lives on while something comes or is written', async () => {
    await using fixture = await served({ idleTimeoutMs: 1_000 });
    const { peer, connection } = await fixture.connect();
    peer.resume();
    let read = connection.read(ctx);

    for (let round = 0; round < 5; round++) {
      await fixture.clock.advance(600);
      peer.write('x\n');
      await read;
      read = connection.read(ctx);
      await fixture.clock.advance(600);
      await connection.write(ctx, 'x');
    }

    assert.equal(connection.ctx.err(), undefined);
    const refused = assert.rejects(Promise.resolve(read), { reason: 'IDLE_TIMEOUT' });
    await fixture.clock.advance(2_000);
    await refused;
  });

  test('is closed when a message takes too long, however busily it comes', async () => {
    await using fixture = await served({ readTimeoutMs: 1_000, idleTimeoutMs: 500 });
    const { peer, connection } = await fixture.connect();
    const [socket] = fixture.accepted;
    const read = connection.read(ctx) as Promise<string>;
    read.catch(() => {});

    for (let count = 0; count < 9; count++) {
      const before = socket!.bytesRead;
      peer.write('x');
      await eventually(() => socket!.bytesRead > before);
      await fixture.clock.advance(110);
      assert.equal(connection.ctx.err(), undefined, `after ${count + 1} bytes`);
    }
    await fixture.clock.advance(20);

    await assert.rejects(read, { reason: 'READ_TIMEOUT' });
  });

  test('is closed when the peer takes nothing of what is written', async () => {
    await using fixture = await served({ writeTimeoutMs: 1_000 });
    const { peer, connection } = await fixture.connect();
    peer.pause();
    const line = 'x'.repeat(50_000);
    while (connection.tryWrite(line)) await turns(1);
    const write = connection.write(ctx, line) as Promise<void>;

    await Promise.all([assert.rejects(write, { reason: 'WRITE_TIMEOUT' }), fixture.clock.advance(3_000)]);

    assert.equal((connection.ctx.cause() as StatusError).reason, 'WRITE_TIMEOUT');
  });

  test('has one timer, and none when it is closed', async () => {
    await using fixture = await served({});
    const { peer, connection, release } = await fixture.connect();
    const read = connection.read(ctx);
    peer.write('half');
    await eventually(() => fixture.accepted[0]!.bytesRead === 4);
    await connection.write(ctx, 'x');
    await turns();

    assert.equal(fixture.clock.pending, 1);
    peer.end(' of it\n');
    await read;
    release();
    await once(peer.resume(), 'close');
    await eventually(() => fixture.server.connections === 0);
    assert.equal(fixture.clock.pending, 0);
  });
});
