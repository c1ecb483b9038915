import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, type Context, rootContext } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { empty, stream, text } from './reply.ts';
import { gate, RawClient, serve } from './server.fixture.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;

describe('stop', () => {
  it('closes idle connections, lets running requests finish with Connection: close, and refuses new ones', async () => {
    const started = gate();
    const finish = gate();
    await using test = await serve((router) => {
      router.get('/quick', () => text('quick'));
      router.get('/slow', async () => {
        started.resolve();
        await finish.promise;
        return text('slow');
      });
    });
    using idle = new RawClient(test.port);
    await idle.send(get('/quick')).answer();
    using silent = new RawClient(test.port);
    using busy = new RawClient(test.port);
    const answer = busy.send(get('/slow')).answer();
    await started.promise;

    const stopped = test.server.stop(background());
    await Promise.all([idle.closed(), silent.closed()]);
    using late = new RawClient(test.port);
    await late.closed();
    finish.resolve();
    const { status, headers, body } = await answer;
    await stopped;

    assert.deepEqual([status, headers.connection, body], [200, 'close', 'slow']);
    assert.equal(await busy.closed(), '');
  });

  it('serves a request whose head has begun to arrive', async () => {
    await using test = await serve((router) => router.get('/', () => text('in time')));
    using half = new RawClient(test.port);
    half.send('GET / HTTP/1.1\r\nHost: te');
    using other = new RawClient(test.port);
    await other.send(get('/')).answer();

    const stopped = test.server.stop(background());
    const answer = await half.send('st\r\n\r\n').answer();
    await stopped;

    assert.deepEqual([answer.body, answer.headers.connection], ['in time', 'close']);
  });

  it('closes a connection after an answer whose head went out before', async () => {
    const finish = gate();
    await using test = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, () =>
        stream(
          (async function* () {
            yield 'a';
            await finish.promise;
            yield 'b';
          })(),
        ),
      ),
    );
    using client = new RawClient(test.port);
    await client.send(get('/')).until('a\r\n');

    const stopped = test.server.stop(background());
    finish.resolve();
    await stopped;

    assert.equal(await client.closed(), '1\r\nb\r\n0\r\n\r\n');
  });

  it('cuts what still runs when its Context ends, and cancels the work', async () => {
    const started = gate<Context>();
    await using test = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, (ctx) => {
        started.resolve(ctx);
        return new Promise(() => {});
      }),
    );
    using client = new RawClient(test.port);
    client.send(get('/'));
    const ctx = await started.promise;
    using limit = background().withCancel();

    const stopped = test.server.stop(limit);
    limit.cancel();
    await stopped;

    assert.equal(ctx.err()?.code, 'canceled');
    assert.equal(await client.closed(), '');
  });

  it('may be called twice, also at the same time, and the earlier limit holds', async () => {
    const started = gate();
    await using test = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, () => {
        started.resolve();
        return new Promise(() => {});
      }),
    );
    using client = new RawClient(test.port);
    client.send(get('/'));
    await started.promise;

    const first = test.server.stop(background());
    using limit = background().withCancel();
    limit.cancel();
    await Promise.all([first, test.server.stop(limit)]);
    await test.server.stop(background());

    await client.closed();
  });

  it("happens at once when the server's Context ends", async () => {
    const started = gate();
    using life = background().withCancel();
    await using test = await serve(
      (router) =>
        router.get('/', { timeoutMs: 0 }, () => {
          started.resolve();
          return new Promise(() => {});
        }),
      {},
      life,
    );
    using client = new RawClient(test.port);
    client.send(get('/'));
    await started.promise;

    life.cancel();

    await client.closed();
    using late = new RawClient(test.port);
    await late.closed();
  });

  it('waits for work whose client has gone', async () => {
    const started = gate();
    const ended: string[] = [];
    await using test = await serve((router) =>
      router.get('/', (ctx) => {
        started.resolve();
        return new Promise((resolve) => {
          ctx.onDone(() => {
            ended.push('handler');
            resolve(empty());
          });
        });
      }),
    );
    using client = new RawClient(test.port);
    client.send(get('/'));
    await started.promise;
    client.socket.destroy();

    await test.server.stop(background());

    assert.deepEqual(ended, ['handler']);
  });

  it('answers a request that was on its way on a connection that looked idle', async () => {
    for (let round = 0; round < 10; round++) {
      await using test = await serve((router) => router.get('/', () => text('ok')), { drainGraceMs: 250 });
      using client = new RawClient(test.port);
      await client.send(get('/')).answer();

      client.send(get('/'));
      const stopped = test.server.stop(background());
      const { status, headers } = await client.answer();
      await stopped;

      assert.deepEqual([status, headers.connection], [200, 'close']);
    }
  });

  it('closes at once what has been idle for a while', async () => {
    const clock = virtualClock();
    await using test = await serve(
      (router) => router.get('/', () => text('ok')),
      { drainGraceMs: 250 },
      rootContext(clock),
    );
    using client = new RawClient(test.port);
    await client.send(get('/')).answer();
    await clock.advance(1000);

    await test.server.stop(background());

    assert.equal(await client.closed(), '');
    assert.equal(clock.pending, 0);
  });
});
