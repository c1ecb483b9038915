import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { isStatusError, type StatusError } from '../../../errors/index.ts';
import { lengthPrefixed } from '../framing/length-prefixed.ts';
import { eventually, served, textOf, turns } from '../testdata/served.ts';

const ctx = background();
const inTime = { timeout: 30_000 };

describe('a connection', inTime, () => {
  test('reads messages in their order, then the end, again and again', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();

    peer.end('one\ntwo\n');

    assert.equal(await connection.read(ctx), 'one');
    assert.equal(await connection.read(ctx), 'two');
    assert.equal(await connection.read(ctx), undefined);
    assert.equal(connection.read(ctx), undefined, 'what is ready does not wait');
  });

  test('is a loop over its messages', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const seen: string[] = [];

    peer.end('one\ntwo\nthree\n');
    for await (const line of connection) {
      seen.push(line);
      if (line === 'two') break;
    }
    for await (const line of connection) seen.push(line);

    assert.deepEqual(seen, ['one', 'two', 'three']);
  });

  test('serves those who read in their order', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const reads = [connection.read(ctx), connection.read(ctx), connection.read(ctx)];

    peer.end('one\ntwo\n');

    assert.deepEqual(await Promise.all(reads), ['one', 'two', undefined]);
  });

  test('loses no message to a read whose Context ends', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const impatient = ctx.withCancel();
    const read = connection.read(impatient) as Promise<string>;
    const patient = connection.read(ctx);

    impatient.cancel();
    peer.write('one\n');

    await assert.rejects(read, { code: 'canceled' });
    assert.equal(await patient, 'one');
    assert.throws(() => connection.read(impatient), { code: 'canceled' });
  });

  test('gives the messages before a bad one, then ends with what was bad', async () => {
    await using fixture = await served({ readTimeoutMs: 0 });
    const { peer, connection } = await fixture.connect();

    peer.write(Buffer.concat([Buffer.from('good\n'), Buffer.from([0xff, 0x0a])]));

    assert.equal(await connection.read(ctx), 'good');
    const error = await failure(async () => connection.read(ctx));
    assert.equal(error.reason, 'MALFORMED_FRAME');
    assert.equal(connection.ctx.cause(), error);
    await once(peer.resume(), 'close');
    const again = await failure(async () => connection.read(ctx));
    assert.equal(again.reason, 'MALFORMED_FRAME');
    assert.notEqual(again, error, 'each throw has its own error');
    assert.throws(() => connection.tryWrite('more'), { reason: 'MALFORMED_FRAME' });
  });

  test('tells all who wait of a bad message', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const reads = [connection.read(ctx), connection.read(ctx)].map((read) => failure(async () => read));

    peer.write(Buffer.from([0xff, 0x0a]));

    for (const error of await Promise.all(reads)) assert.equal(error.reason, 'MALFORMED_FRAME');
  });

  test('knows an end in the middle of a message', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();

    peer.end('one\ntw');

    assert.equal(await connection.read(ctx), 'one');
    assert.equal((await failure(async () => connection.read(ctx))).reason, 'TRUNCATED_FRAME');
  });

  test('sends all that is written in one tick in one piece', async () => {
    await using fixture = await served({ codec: lengthPrefixed() });
    const { peer, connection } = await fixture.connect();

    for (let count = 0; count < 100; count++) await connection.write(ctx, 'message');

    const [first] = (await once(peer, 'data')) as [Buffer];
    assert.equal(first.length, 100 * 11);
  });

  test('sends a large message whole', async () => {
    await using fixture = await served({ codec: lengthPrefixed({ maxBytes: 8 << 20 }) });
    const { peer, connection, release } = await fixture.connect();
    const large = Buffer.alloc(8 << 20, 7);

    const received = Array.fromAsync(peer as AsyncIterable<Buffer>);
    await connection.write(ctx, large);
    await connection.write(ctx, 'last');
    release();

    const text = Buffer.concat(await received);
    assert.ok(text.subarray(4, -8).equals(large));
    assert.equal(text.toString('latin1', text.length - 4), 'last');
  });

  test('lives on when a message cannot be written', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();

    assert.throws(() => connection.write(ctx, 'two\nlines'), { reason: 'MALFORMED_FRAME' });
    await connection.write(ctx, 'one line');

    assert.equal(String((await once(peer, 'data'))[0]), 'one line\n');
  });

  test('ends when the peer resets it, for all who wait', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const read = failure(async () => connection.read(ctx));

    peer.resetAndDestroy();

    assert.equal((await read).reason, 'CONNECTION_LOST');
    assert.equal((connection.ctx.cause() as StatusError).reason, 'CONNECTION_LOST');
    assert.throws(() => connection.tryWrite('x'), { reason: 'CONNECTION_LOST' });
    assert.deepEqual(connection.remoteAddress.host, '127.0.0.1');
  });

  test('is cut at once, with a cause', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const read = failure(async () => connection.read(ctx));

    connection.destroy(new Error('enough'));

    const error = await read;
    assert.equal(error.reason, 'CONNECTION_CLOSED');
    assert.match(String(error.cause), /enough/);
    await once(peer.resume(), 'close');
    await connection.close();
  });
});

describe('the end of one direction', inTime, () => {
  test('leaves the other open: first ours, then the peer’s', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    peer.allowHalfOpen = true;

    await connection.write(ctx, 'last');
    connection.closeWrite();
    connection.closeWrite();
    const [text] = await once(peer, 'data');
    assert.equal(String(text), 'last\n');
    assert.throws(() => connection.tryWrite('more'), { reason: 'WRITE_CLOSED' });
    peer.write('heard\n');
    assert.equal(await connection.read(ctx), 'heard');
    assert.equal(connection.ctx.err(), undefined);
  });

  test('leaves the other open: first the peer’s, then ours', async () => {
    await using fixture = await served();
    const { peer, connection, release } = await fixture.connect();
    peer.end('question\n');

    assert.equal(await connection.read(ctx), 'question');
    assert.equal(await connection.read(ctx), undefined);
    await connection.write(ctx, 'answer');
    release();

    assert.equal(await textOf(peer), 'answer\n');
  });

  test('lets what has come be read after both have ended', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    peer.end('one\ntwo\n');
    assert.equal(await connection.read(ctx), 'one');

    connection.closeWrite();
    await once(peer.resume(), 'close');
    await eventually(() => connection.ctx.err() !== undefined);

    assert.equal(await connection.read(ctx), 'two');
    assert.equal(await connection.read(ctx), undefined);
    assert.throws(() => connection.tryWrite('x'), { reason: 'WRITE_CLOSED' });
    assert.equal((connection.ctx.cause() as StatusError).reason, 'CONNECTION_CLOSED');
  });
});

describe('closing', inTime, () => {
  test('sends what was written, though the peer still sends', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    peer.write('unread\n'.repeat(10_000));
    const text = textOf(peer);

    await connection.write(ctx, 'x'.repeat(500_000));
    const closed = connection.close();
    peer.write('unread\n'.repeat(10_000));

    assert.equal((await text).length, 500_001);
    await closed;
  });

  test('ends reads and writes that wait, and is the same when asked again', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const read = failure(async () => connection.read(ctx));

    const closed = connection.close();

    assert.equal((await read).reason, 'CONNECTION_CLOSED');
    assert.throws(() => connection.tryWrite('x'), { reason: 'CONNECTION_CLOSED' });
    peer.resume();
    await Promise.all([closed, connection.close(), connection[Symbol.asyncDispose]()]);
    await connection.close();
    assert.equal(connection.ctx.err()?.code, 'canceled');
  });

  test('does not wait for ever for a peer that does not close', async () => {
    await using fixture = await served({ lingerMs: 500 });
    const { peer, connection } = await fixture.connect();
    peer.allowHalfOpen = true;

    const closed = connection.close();
    await once(peer.resume(), 'end');
    await fixture.clock.advance(499);
    await turns();
    assert.equal(fixture.accepted[0]?.destroyed, false);
    await fixture.clock.advance(1);

    await closed;
    assert.equal(fixture.clock.pending, 0);
  });

  test('reads no more of a peer that sends on', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    peer.allowHalfOpen = true;
    const closed = connection.close();

    for (let count = 0; count < 20; count++) peer.write('x'.repeat(100_000));
    peer.end();

    await closed;
    assert.equal((await failure(async () => connection.read(ctx))).reason, 'CONNECTION_CLOSED');
  });
});

async function failure(run: () => unknown): Promise<StatusError> {
  try {
    await run();
  } catch (error) {
    assert.ok(isStatusError(error), String(error));
    return error;
  }
  return assert.fail('it did not fail');
}
