import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { Outcome } from '../../call/index.ts';
import { type Listener, tcpListener } from '../tcp/index.ts';
import { rawText } from './input/body.ts';
import { bytes, text } from './reply/reply.ts';
import { errorOf, gate, RawClient, serve } from './server.fixture.ts';

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

describe('limits', () => {
  it('headersTimeoutMs: a client whose headers do not come is answered 408', async () => {
    await using server = await serve((router) => router.get('/', () => 1), { headersTimeoutMs: 50 });

    using slow = new RawClient(server.port);
    const answer = await slow.send('GET / HTTP/1.1\r\nHost:').answer();

    assert.deepEqual([answer.status, errorOf(answer).reason], [408, 'REQUEST_TIMEOUT']);
    await slow.closed();
  });

  it('requestTimeoutMs: a client whose body does not come is answered 408, and the call is canceled', async () => {
    const outcome = gate<Outcome>();
    await using server = await serve((router) => router.post('/', { body: rawText() }, () => 1), {
      // Enough for the head to arrive, on a machine that is busy.
      requestTimeoutMs: 500,
      admit: () => ({ admitted: true, done: outcome.resolve }),
    });

    using slow = new RawClient(server.port);
    const answer = await slow.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhel').answer();

    assert.deepEqual([answer.status, errorOf(answer).reason], [408, 'REQUEST_TIMEOUT']);
    assert.equal((await outcome.promise).error?.code, 'canceled');
    await slow.closed();
  });

  it('keepAliveMs: an idle connection is closed, and the client is told when', async () => {
    await using server = await serve((router) => router.get('/', () => 1), { keepAliveMs: 1 });

    using client = new RawClient(server.port);
    const { headers } = await client.send(get).answer();

    assert.equal(headers.connection, 'keep-alive');
    assert.equal(await client.closed(), '');
  });

  it('sendTimeoutMs: a client that takes nothing of its answer is cut off, one that waits for it is not', async () => {
    const finish = gate();
    const accepted: Socket[] = [];
    const tcp = tcpListener({ port: 0 });
    const listener: Listener = {
      start: (ctx, onConnection) =>
        tcp.start(ctx, (socket) => {
          accepted.push(socket);
          onConnection(socket);
        }),
      stop: () => tcp.stop(),
    };
    await using server = await serve(
      (router) => {
        router.get('/', () => bytes(new Uint8Array(64 * 1024 * 1024)));
        router.get('/slow', async () => {
          await finish.promise;
          return text('patience');
        });
      },
      { sendTimeoutMs: 50, timeoutMs: 0, listener },
    );
    using patient = new RawClient(server.port);
    patient.send('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n');
    await once(patient.socket, 'connect');
    using deaf = new RawClient(server.port);
    deaf.socket.pause();
    deaf.send(get);
    await once(deaf.socket, 'connect');
    while (accepted.length < 2) await new Promise((resolve) => setImmediate(resolve));

    await once(accepted[1]!, 'close');
    finish.resolve();

    assert.equal((await patient.answer()).body, 'patience');
  });

  it('maxConnections: one more is answered 503, and a free place is taken again', async () => {
    await using server = await serve((router) => router.get('/', () => 1), { maxConnections: 1 });
    using first = new RawClient(server.port);
    await first.send(get).answer();

    using second = new RawClient(server.port);
    const refused = await second.answer();
    first.socket.end();
    await first.closed();
    using third = new RawClient(server.port);
    const served = await third.send(get).answer();

    assert.deepEqual([refused.status, errorOf(refused).reason], [503, 'TOO_MANY_CONNECTIONS']);
    await second.closed();
    assert.equal(served.status, 200);
  });

  it('maxHeaders and maxHeaderBytes: what is below passes, what is above does not', async () => {
    await using server = await serve((router) => router.get('/', () => 1), { maxHeaders: 3, maxHeaderBytes: 1000 });
    const status = async (headers: string) => {
      using client = new RawClient(server.port);
      return (await client.send(`GET / HTTP/1.1\r\nHost: test\r\n${headers}\r\n`).answer()).status;
    };

    assert.equal(await status('A: 1\r\nB: 2\r\n'), 200);
    assert.equal(await status('A: 1\r\nB: 2\r\nC: 3\r\n'), 431);
    assert.equal(await status(`A: ${'x'.repeat(800)}\r\n`), 200);
    assert.equal(await status(`A: ${'x'.repeat(1000)}\r\n`), 431);
  });

  it("maxBodyBytes: the route's holds before the server's", async () => {
    await using server = await serve(
      (router) => {
        router.post('/', { body: rawText() }, (_ctx, req) => text(req.body));
        router.post('/large', { body: rawText(), maxBodyBytes: 8 }, (_ctx, req) => text(req.body));
      },
      { maxBodyBytes: 4 },
    );
    const post = async (path: string, body: string) =>
      (await fetch(server.url + path, { method: 'POST', body })).status;

    assert.deepEqual([await post('/', '1234'), await post('/', '12345')], [200, 413]);
    assert.deepEqual([await post('/large', '12345678'), await post('/large', '123456789')], [200, 413]);
  });
});
