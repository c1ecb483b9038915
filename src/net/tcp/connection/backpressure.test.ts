import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { eventually, served, turns } from '../testdata/served.ts';

const ctx = background();
const inTime = { timeout: 30_000 };
const line = 'x'.repeat(9_999);

describe('a reader that does not read', inTime, () => {
  test('stops the socket with a bounded amount in hand, and gets everything when it reads', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const total = 5_000;
    for (let count = 0; count < total; count++) peer.write(`${line}\n`);
    peer.end();

    const [socket] = fixture.accepted;
    await eventually(() => socket!.isPaused());
    // The platform fills a buffer of its own behind a pause.
    await turns(50);
    const before = socket!.bytesRead;
    await turns(50);
    assert.equal(socket!.bytesRead, before);
    assert.ok(before <= 512 << 10, `${before} bytes were read`);

    let read = 0;
    for await (const message of connection) read += message.length;
    assert.equal(read, total * line.length);
  });

  test('bounds small pieces by their number', async () => {
    await using fixture = await served();
    const { peer } = await fixture.connect();
    const [socket] = fixture.accepted;

    while (!socket!.isPaused()) {
      const before = socket!.bytesRead;
      peer.write('x\n');
      await eventually(() => socket!.isPaused() || socket!.bytesRead > before);
    }

    assert.ok(socket!.bytesRead <= 100, `${socket!.bytesRead} bytes were read`);
  });
});

describe('a peer that does not read', inTime, () => {
  test('makes writes wait, in their order, with a bounded amount in hand', async () => {
    await using fixture = await served({ writeTimeoutMs: 0 });
    const { peer, connection, release } = await fixture.connect();
    peer.pause();
    let written = 0;
    while (connection.tryWrite(`${written} ${line}`)) {
      written++;
      await turns(1);
    }
    const [socket] = fixture.accepted;
    assert.ok(socket!.writableLength <= (64 << 10) + 10_100, `${socket!.writableLength} bytes wait`);

    const late = Array.from({ length: 50 }, (_, count) => connection.write(ctx, `${written + count} ${line}`));
    assert.ok(late.every((write) => write instanceof Promise));
    assert.equal(connection.tryWrite('overtaker'), false);
    const numbers = numbersIn(peer);
    await Promise.all(late);
    release();

    assert.deepEqual(
      await numbers,
      Array.from({ length: written + 50 }, (_, count) => count),
    );
  });

  test('loses nothing else when a write that waits gives up', async () => {
    await using fixture = await served({ writeTimeoutMs: 0 });
    const { peer, connection, release } = await fixture.connect();
    peer.pause();
    let written = 0;
    while (connection.tryWrite(`${written} ${line}`)) {
      written++;
      await turns(1);
    }
    const impatient = ctx.withCancel();
    const givesUp = connection.write(impatient, '-1 given up') as Promise<void>;
    const waits = connection.write(ctx, `${written} ${line}`);

    impatient.cancel();

    await assert.rejects(givesUp, { code: 'canceled' });
    const numbers = numbersIn(peer);
    await waits;
    release();
    assert.deepEqual(
      await numbers,
      Array.from({ length: written + 1 }, (_, count) => count),
    );
  });

  test('does not keep a message from failing that cannot be written', async () => {
    await using fixture = await served({ writeTimeoutMs: 0 });
    const { peer, connection } = await fixture.connect();
    peer.pause();
    while (connection.tryWrite(line)) await turns(1);
    const bad = connection.write(ctx, 'two\nlines') as Promise<void>;
    const good = connection.write(ctx, 'one line');

    peer.resume();

    await assert.rejects(bad, { reason: 'MALFORMED_FRAME' });
    await good;
  });

  test('loses those who wait when the connection ends', async () => {
    await using fixture = await served({ writeTimeoutMs: 0 });
    const { peer, connection } = await fixture.connect();
    peer.pause();
    while (connection.tryWrite(line)) await turns(1);
    const writes = [connection.write(ctx, 'a'), connection.write(ctx, 'b')] as Promise<void>[];

    peer.resetAndDestroy();

    for (const write of writes) await assert.rejects(write, { reason: 'CONNECTION_LOST' });
  });

  test('loses those who wait when this side ends its writing', async () => {
    await using fixture = await served({ writeTimeoutMs: 0 });
    const { peer, connection } = await fixture.connect();
    peer.pause();
    while (connection.tryWrite(line)) await turns(1);
    const write = connection.write(ctx, 'a') as Promise<void>;

    connection.closeWrite();

    await assert.rejects(write, { reason: 'WRITE_CLOSED' });
    await once(peer.resume(), 'end');
  });
});

/** The number in front of each line that comes. */
async function numbersIn(peer: AsyncIterable<Buffer>): Promise<number[]> {
  const text = Buffer.concat(await Array.fromAsync(peer)).toString();
  return text.split('\n').slice(0, -1).map(Number.parseFloat);
}
