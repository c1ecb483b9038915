import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { background, contextKey, rootContext } from '../../../concurrency/index.ts';
import { isStatusError, type StatusError } from '../../../errors/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { lines } from '../framing/lines.ts';
import { eventually, served } from '../testdata/served.ts';
import { dial, dialSocket } from './dial.ts';

const ctx = background();
const inTime = { timeout: 30_000 };

describe('dialing', inTime, () => {
  test('gives a connection that outlives the Context and keeps its values', async () => {
    await using fixture = await served();
    const key = contextKey('who', 'nobody');
    const bounded = ctx.withValue(key, 'me').withTimeout(60_000);

    await using connection = await dial(bounded, { port: fixture.port, codec: lines() });
    bounded.cancel();

    assert.equal(connection.ctx.err(), undefined);
    assert.equal(connection.ctx.value(key), 'me');
    assert.equal(connection.draining.err(), undefined);
    assert.equal(connection.tls, undefined);
    assert.equal(connection.remoteAddress.port, fixture.port);
    assert.equal(connection.localAddress.host, '127.0.0.1');
    connection.destroy();
  });

  test('gives bytes without a codec, and a socket where that is wanted', async () => {
    await using fixture = await served();
    await using connection = await dial(ctx, { host: 'localhost', port: fixture.port });
    const socket = await dialSocket(ctx, { port: fixture.port });

    await connection.write(ctx, 'bytes');
    await eventually(() => fixture.accepted[0]?.bytesRead === 5);

    assert.equal(socket.remotePort, fixture.port);
    socket.destroy();
    connection.destroy();
  });

  test('says whom it could not reach', async () => {
    const port = await freePort();
    const table: [host: string, code: string][] = [
      ['127.0.0.1', 'ECONNREFUSED'],
      ['localhost', 'ECONNREFUSED'],
    ];
    for (const [host, code] of table) {
      const error = await failure(dial(ctx, { host, port }));

      assert.deepEqual([error.code, error.reason, error.metadata.code], ['unavailable', 'CONNECT_FAILED', code]);
      assert.match(error.message, new RegExp(`cannot connect to ${host}:${port}`));
    }
  });

  test('ends with its Context, or when it takes too long, and leaves nothing behind', async () => {
    const silent = await silentServer();
    const clock = virtualClock();
    const canceled = rootContext(clock).withCancel();

    const first = failure(dial(canceled, { port: silent.port, tls: true }));
    const second = failure(dial(rootContext(clock), { port: silent.port, tls: true, connectTimeoutMs: 500 }));
    canceled.cancel();
    assert.equal((await first).code, 'canceled');
    await clock.advance(500);

    assert.equal((await second).code, 'deadline_exceeded');
    assert.equal(clock.pending, 0);
    assert.equal((await failure(dial(canceled, { port: silent.port }))).code, 'canceled');
    await silent.closed();
  });

  test('refuses options that do not fit', async () => {
    await assert.rejects(dial(ctx, {}), RangeError);
    await assert.rejects(dial(ctx, { port: 0 }), RangeError);
    await assert.rejects(dial(ctx, { port: 1, path: '/x' }), TypeError);
    await assert.rejects(dial(ctx, { port: 1, connectTimeoutMs: 0 }), RangeError);
    await assert.rejects(dial(ctx, { port: 1, lingerMs: Number.NaN }), RangeError);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** It accepts connections and never says anything. */
async function silentServer() {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    /** Resolves when all its connections are closed, by those who dialed. */
    closed: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isStatusError(error), String(error));
  return error;
}
