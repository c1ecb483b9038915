import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, rootContext } from '../../../concurrency/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { streamed } from '../input/body.ts';
import { bytes, empty, stream, text, upgrade } from '../reply/reply.ts';
import { gate, RawClient, serve } from '../server.fixture.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;

describe('a connection with much unread', () => {
  it('reads no more requests of a client that takes no answers', async () => {
    let served = 0;
    const page = 'x'.repeat(32 * 1024);
    await using test = await serve((router) =>
      router.get('/', () => {
        served++;
        return text(page);
      }),
    );
    using client = new RawClient(test.port);
    client.socket.pause();
    const sent = 4000;
    client.send(get('/').repeat(sent));
    using other = new RawClient(test.port);

    for (let i = 0; i < 200; i++) await other.send(get('/')).answer();

    assert.ok(served - 200 < sent / 2, `${served - 200} answers are made for a client that reads none`);
    client.socket.resume();
    for (let i = 0; i < sent; i++) assert.equal((await client.answer()).body.length, page.length);
  });
});

describe('connections that have much to do', () => {
  it('do it in turns: requests without end on one do not hold up another', async () => {
    let flooded = 0;
    let before = 0;
    await using test = await serve((router) => {
      router.get('/flood', () => {
        flooded++;
        return empty();
      });
      router.get('/', () => {
        before = flooded;
        return text('one');
      });
    });
    using flood = new RawClient(test.port);
    using one = new RawClient(test.port);
    await one.send(get('/')).answer();
    await flood.send(get('/flood')).answer();

    flood.send(get('/flood').repeat(3000));
    await one.send(get('/')).answer();
    for (let i = 0; i < 3000; i++) await flood.answer();

    assert.ok(before < 200, `${before} requests were answered first`);
    assert.equal(flooded, 3001);
  });

  it('do it in turns: a body of tiny chunks does not hold up another', async () => {
    const content = 50_000;
    let received = 0;
    let before = 0;
    await using test = await serve((router) => {
      router.post('/flood', { body: streamed() }, async (_ctx, { body }) => {
        for await (const piece of body) received += piece.length;
        return text(String(received));
      });
      router.get('/', () => {
        before = received;
        return text('one');
      });
    });
    using flood = new RawClient(test.port);
    using one = new RawClient(test.port);
    await one.send(get('/')).answer();
    const head = 'POST /flood HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n';

    flood.send(`${head}${'1\r\nx\r\n'.repeat(content)}0\r\n\r\n`);
    await one.send(get('/')).answer();

    assert.ok(before < content / 5, `${before} chunks were read first`);
    assert.equal((await flood.answer()).body, String(content));
  });
});

describe('the clock of a connection', () => {
  it('keeps a connection alive from the end of a long answer on, not from its beginning', async () => {
    const clock = virtualClock();
    const finish = gate();
    await using test = await serve(
      (router) => {
        router.get('/long', { timeoutMs: 0 }, () =>
          stream(
            (async function* () {
              yield 'a';
              await finish.promise;
              yield 'b';
            })(),
          ),
        );
        router.get('/', () => text('again'));
      },
      { keepAliveMs: 5000 },
      rootContext(clock),
    );
    using client = new RawClient(test.port);
    await client.send(get('/long')).until('a\r\n');

    await clock.advance(60_000);
    finish.resolve();
    await client.until('0\r\n\r\n');
    await clock.advance(4_000);
    const again = await client.send(get('/')).answer();

    assert.equal(again.body, 'again');
  });
});

describe('an upgrade', () => {
  it('after the client has left is not counted as a connection for ever', async () => {
    const started = gate();
    const left = gate();
    await using test = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, async (ctx) => {
        ctx.onDone(() => left.resolve());
        started.resolve();
        await left.promise;
        return upgrade('chat', async () => {});
      }),
    );
    const client = new RawClient(test.port);
    client.send('GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n');
    await started.promise;
    client.socket.resetAndDestroy();
    await left.promise;

    using limit = background().withTimeout(2000);
    await test.server.stop(limit);

    assert.equal(limit.err(), undefined);
  });

  it('is refused to a request whose body is still to come: it would be taken for the other protocol', async () => {
    const taken: string[] = [];
    await using test = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, () =>
        upgrade('chat', async (_ctx, socket, rest) => {
          taken.push(String(rest));
          socket.end();
        }),
      ),
    );
    using client = new RawClient(test.port);

    client.send(
      'GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: chat\r\nContent-Length: 100\r\n\r\nnot chat',
    );
    const { status } = await client.answer();

    assert.equal(status, 426);
    assert.deepEqual(taken, []);
  });
});

describe('a whole answer', () => {
  for (const size of [255 * 1024, 257 * 1024, 3 * 1024 * 1024]) {
    it(`of ${size} bytes arrives as it is, as text and as bytes, and the connection goes on`, async () => {
      const content = 'abcdefgh'.repeat(size / 8);
      await using test = await serve((router) => {
        router.get('/text', () => text(content));
        router.get('/bytes', () => bytes(Buffer.from(content)));
      });
      using client = new RawClient(test.port);

      client.send(get('/text') + get('/bytes') + get('/text'));
      const answers = [await client.answer(), await client.answer(), await client.answer()];

      for (const { body } of answers) assert.ok(body === content, `${body.length} bytes`);
    });
  }
});

describe('the end of a connection', () => {
  it('does not cut an answer that the client takes slowly, when the body of its request was not read', async () => {
    const clock = virtualClock();
    const size = 24 * 1024 * 1024;
    await using test = await serve(
      (router) => router.post('/', () => text('x'.repeat(size))),
      { sendTimeoutMs: 30_000 },
      rootContext(clock),
    );
    using client = new RawClient(test.port);
    client.socket.pause();
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n');
    using other = new RawClient(test.port);
    await other.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n').answer();

    await clock.advance(1_500);
    client.socket.resume();
    const { body } = await client.answer();

    assert.equal(body.length, size);
  });

  it('lets the client read the last answer although it has sent another request', async () => {
    for (let round = 0; round < 20; round++) {
      await using test = await serve((router) => router.get('/', () => text('ok')), { maxRequestsPerConnection: 1 });
      using client = new RawClient(test.port);
      let failure: unknown;
      client.socket.on('error', (error) => {
        failure = error;
      });
      client.socket.pause();
      client.send(get('/'));
      using other = new RawClient(test.port);
      await other.send(get('/')).answer();

      client.send(get('/').repeat(50));
      using third = new RawClient(test.port);
      await third.send(get('/')).answer();
      client.socket.resume();
      const { body, headers } = await client.answer();
      await client.closed();

      assert.deepEqual([body, headers.connection, failure], ['ok', 'close', undefined]);
    }
  });

  it('ends an endless answer that never waits', async () => {
    const ended = gate();
    await using test = await serve((router) =>
      router.get('/', { timeoutMs: 0 }, () =>
        stream(
          (async function* () {
            try {
              for (;;) yield 'x'.repeat(100);
            } finally {
              ended.resolve();
            }
          })(),
        ),
      ),
    );
    using client = new RawClient(test.port);
    await client.send(get('/')).until('xxx');

    client.socket.destroy();

    await ended.promise;
  });
});

describe('an answer that may have no body', () => {
  for (const status of [204, 304]) {
    it(`${status} has none, even if a stream is given`, async () => {
      await using test = await serve((router) => {
        router.get('/', () =>
          stream(
            (async function* () {
              yield 'smuggled';
            })(),
            { status },
          ),
        );
        router.get('/next', () => text('next'));
      });
      using client = new RawClient(test.port);

      const first = await client.send(get('/')).answer();
      const next = await client.send(get('/next')).answer();

      assert.deepEqual([first.status, first.headers['transfer-encoding'], next.body], [status, undefined, 'next']);
    });
  }
});
