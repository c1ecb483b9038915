import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { hooks } from './hooks.ts';
import { upgrade } from './reply/reply.ts';
import type { Sent } from './sent.ts';
import { errorOf, gate, RawClient, serve } from './server.fixture.ts';

const get = 'GET / HTTP/1.1\r\nHost: test\r\n';

describe('an upgrade', () => {
  it('may be reset by its client while nobody listens to the socket', async () => {
    const taken = gate<Socket>();
    const go = gate();
    await using server = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, () =>
        upgrade('test', async (_ctx, socket) => {
          taken.resolve(socket);
          await go.promise;
        }),
      ),
    );
    using client = new RawClient(server.port);
    await client.send(`${get}Connection: upgrade\r\nUpgrade: test\r\n\r\n`).until('\r\n\r\n');
    const socket = await taken.promise;
    const closed = gate();
    socket.once('close', () => closed.resolve());

    client.socket.resetAndDestroy();
    socket.resume();
    await closed.promise;
    go.resolve();

    assert.equal(socket.destroyed, true);
  });

  it('that is not asked for is an error like any other: 426, with what the address speaks', async () => {
    const ended = gate<Sent>();
    const onSent = hooks({ onSent: (_request, sent) => ended.resolve(sent) });
    await using server = await serve((router) => router.get('/', () => upgrade('test/2', async () => {})), {
      middleware: [onSent],
    });
    using client = new RawClient(server.port);

    const answer = await client.send(`${get}\r\n`).answer();
    const { status, error } = await ended.promise;

    assert.deepEqual([answer.status, answer.headers.upgrade], [426, 'test/2']);
    assert.equal(errorOf(answer).reason, 'UPGRADE_REQUIRED');
    assert.deepEqual([status, error?.reason], [426, 'UPGRADE_REQUIRED']);
  });
});
