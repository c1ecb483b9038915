import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, type Context, rootContext } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { empty, stream, text } from './reply/reply.ts';
import { gate, RawClient, serve } from './server.fixture.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
const post = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n';

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
      await using test = await serve((router) => router.get('/', () => text('ok')), { drainGraceMs: 5_000 });
      using client = new RawClient(test.port);
      await client.send(get('/')).answer();

      client.send(get('/'));
      const stopped = test.server.stop(background());
      const { status, headers } = await client.answer();
      await stopped;

      assert.deepEqual([status, headers.connection], [200, 'close']);
    }
  });

  it('keeps idle connections for a grace period, in which a late request is answered', async () => {
    const clock = virtualClock();
    await using test = await serve(
      (router) => router.post('/', async () => text('late')),
      { drainGraceMs: 250 },
      rootContext(clock),
    );
    using late = new RawClient(test.port);
    await late.send(post).answer();
    using silent = new RawClient(test.port);
    await silent.send(post).answer();
    await clock.advance(4000);

    const stopped = test.server.stop(background());
    const { body, headers } = await late.send(post).answer();
    await late.closed();
    await clock.advance(249);
    assert.equal(silent.socket.readyState, 'open');
    await clock.advance(1);
    await stopped;

    assert.deepEqual([body, headers.connection], ['late', 'close']);
    assert.equal(await silent.closed(), '');
    assert.equal(clock.pending, 0);
  });
});

describe('drain', () => {
  it('serves on, old connections and new ones, and every answer says Connection: close', async () => {
    await using test = await serve((router) => router.get('/', () => text('ok')));
    using old = new RawClient(test.port);
    const before = await old.send(get('/')).answer();

    test.server.drain({});
    const after = await old.send(get('/')).answer();
    using fresh = new RawClient(test.port);
    const first = await fresh.send(get('/')).answer();
    using lost = new RawClient(test.port);
    const refused = await lost.send(get('/nowhere')).answer();

    assert.equal(before.headers.connection, 'keep-alive');
    const answers = [after, first, refused].map(({ status, headers }) => [status, headers.connection]);
    assert.deepEqual(answers, [
      [200, 'close'],
      [200, 'close'],
      [404, 'close'],
    ]);
    await Promise.all([old.closed(), fresh.closed(), lost.closed()]);
  });

  it('begins the grace period: stop has nothing to wait for when it is over', async () => {
    const clock = virtualClock();
    await using test = await serve(
      (router) => router.get('/', () => text('ok')),
      { drainGraceMs: 250 },
      rootContext(clock),
    );
    using idle = new RawClient(test.port);
    await idle.send(get('/')).answer();

    test.server.drain({});
    await clock.advance(250);
    await test.server.stop(background());

    assert.equal(await idle.closed(), '');
    assert.equal(clock.pending, 0);
  });

  for (const [keepAliveMs, waitsMs] of [
    [2_000, 2_400],
    [60_000, 6_000],
  ] as const) {
    it(`in a renewal waits ${waitsMs} ms for clients that may keep connections for ${keepAliveMs} ms`, async () => {
      const clock = virtualClock();
      await using test = await serve(
        (router) => router.get('/', () => text('ok')),
        { keepAliveMs },
        rootContext(clock),
      );
      using idle = new RawClient(test.port);
      await idle.send(get('/')).answer();

      test.server.drain({ isRenewal: true });
      const stopped = test.server.stop(background());
      await clock.advance(waitsMs - 1);
      assert.equal(idle.socket.readyState, 'open');
      await clock.advance(1);
      await stopped;

      assert.equal(await idle.closed(), '');
    });
  }

  it('told again without isRenewal ends the wait of a renewal', async () => {
    const clock = virtualClock();
    await using test = await serve((router) => router.get('/', () => text('ok')), {}, rootContext(clock));
    using idle = new RawClient(test.port);
    await idle.send(get('/')).answer();
    test.server.drain({ isRenewal: true });
    const stopped = test.server.stop(background());

    test.server.drain({});
    await stopped;

    assert.equal(await idle.closed(), '');
    assert.equal(clock.pending, 0);
  });
});
