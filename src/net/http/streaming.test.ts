import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../../call/index.ts';
import { background, type Context, rootContext, sleep, until } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { virtualClock } from '../../testing/index.ts';
import type { ServerSentEvent } from './events/server-sent-events.ts';
import { rawText, streamed } from './input/body.ts';
import { events, stream, text } from './reply/reply.ts';
import { errorOf, gate, RawClient, serve } from './server.fixture.ts';

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';
const unlimited = { timeoutMs: 0 };

/** Events that the test gives; `left` resolves when the server calls return. */
function channel() {
  const left = gate();
  const queue: ServerSentEvent[] = [];
  let wake = gate();
  const source: AsyncIterable<ServerSentEvent> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        while (queue.length === 0) await wake.promise;
        return { done: false, value: queue.shift()! };
      },
      async return() {
        left.resolve();
        return { done: true, value: undefined };
      },
    }),
  };
  const give = (data: unknown) => {
    queue.push({ data });
    wake.resolve();
    wake = gate();
  };
  return { source, give, left: left.promise };
}

describe('server-sent events', () => {
  it('arrive one by one over an open connection', async () => {
    const { source, give } = channel();
    await using server = await serve((router) => router.get('/', unlimited, () => events(source)));
    using client = new RawClient(server.port);

    const head = await client.send(get).until('\r\n\r\n');
    give({ n: 1 });
    await client.until('data: {"n":1}\n\n');
    give('two');
    await client.until('data: two\n\n');

    assert.match(head, /content-type: text\/event-stream/);
    assert.match(head, /cache-control: no-store/);
  });

  it('end when the client leaves, although the source waits, and free the call', async () => {
    const { source, left } = channel();
    const outcome = gate<Outcome>();
    const seen = gate<Context>();
    await using server = await serve(
      (router) =>
        router.get('/', unlimited, (ctx) => {
          seen.resolve(ctx);
          return events(source);
        }),
      { admit: () => ({ admitted: true, done: outcome.resolve }) },
    );
    using client = new RawClient(server.port);
    await client.send(get).until('\r\n\r\n');

    client.socket.destroy();

    await left;
    assert.equal((await outcome.promise).error?.code, 'canceled');
    assert.equal((await seen.promise).err()?.code, 'canceled');
  });

  it('end when the source does, and keep the connection', async () => {
    await using server = await serve((router) =>
      router.get('/', unlimited, () =>
        events(
          (async function* () {
            yield { event: 'gift', id: '1', data: [1] };
          })(),
        ),
      ),
    );
    using client = new RawClient(server.port);

    const first = await client.send(get).answer();
    const second = await client.send(get).answer();

    assert.equal(first.body, 'event: gift\nid: 1\ndata: [1]\n\n');
    assert.equal(second.body, first.body);
  });

  it('send a heartbeat in silence', async () => {
    const clock = virtualClock();
    const { source } = channel();
    await using server = await serve(
      (router) => router.get('/', unlimited, () => events(source, { heartbeatMs: 15_000 })),
      {},
      rootContext(clock),
    );
    using client = new RawClient(server.port);
    await client.send(get).until('\r\n\r\n');

    await clock.advance(15_000);

    await client.until(': \n\n');
  });

  it('end well when the server drains', async () => {
    const { source, left } = channel();
    await using test = await serve((router) => router.get('/', unlimited, () => events(source)));
    using client = new RawClient(test.port);
    const answer = client.send(get).answer();
    await until(background(), connected(client));

    await test.server.stop(background());

    assert.equal((await answer).status, 200);
    assert.equal(await client.closed(), '');
    await left;
  });

  it('of a handler that returns its generator stop it at the next step', async () => {
    const cleaned = gate();
    await using server = await serve((router) =>
      router.get('/', unlimited, (ctx) =>
        events(
          (async function* () {
            try {
              for (let n = 0; ; n++) {
                yield { data: n };
                if (n === 1) await sleep(ctx, 60_000);
              }
            } finally {
              cleaned.resolve();
            }
          })(),
        ),
      ),
    );
    using client = new RawClient(server.port);
    await client.send(get).until('data: 1\n\n');

    client.socket.destroy();

    await cleaned.promise;
  });

  it('need a time limit of the route, since the default would cut them', async () => {
    await using server = await serve((router) => router.get('/', () => events(channel().source)));

    assert.equal((await fetch(server.url)).status, 500);
  });
});

describe('streams', () => {
  it('arrive as they are made', async () => {
    const next = gate();
    await using server = await serve((router) =>
      router.get('/', () =>
        stream(
          (async function* () {
            yield 'é';
            await next.promise;
            yield Uint8Array.of(0x21);
          })(),
          { headers: { 'content-type': 'text/plain; charset=utf-8' } },
        ),
      ),
    );

    const response = await fetch(server.url);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader.read();
    next.resolve();
    const second = await reader.read();

    assert.deepEqual(
      [response.headers.get('content-type'), first.value, second.value],
      ['text/plain; charset=utf-8', 'é', '!'],
    );
    assert.equal((await reader.read()).done, true);
  });

  it('are made only as fast as the client takes them', async () => {
    const chunk = new Uint8Array(64 * 1024);
    const total = 512;
    let made = 0;
    await using server = await serve((router) =>
      router.get('/', unlimited, () =>
        stream(
          (async function* () {
            for (; made < total; made++) yield chunk;
          })(),
        ),
      ),
    );
    using client = new RawClient(server.port);
    client.socket.pause();
    client.send(get);

    // The kernel takes a few megabytes; then the next chunk must wait for the client.
    for (let turns = 0, before = 0; turns < 50; turns = made === before ? turns + 1 : 0) {
      before = made;
      await new Promise((resolve) => setImmediate(resolve));
      if (made === 0) turns = 0;
    }
    const madeUnread = made;
    client.socket.resume();
    const { body } = await client.answer();

    assert.ok(madeUnread < total, `${madeUnread} of ${total} chunks were made for a client that read none`);
    assert.equal(body.length, total * chunk.length);
  });

  it('that fail before the first chunk are answered as errors', async () => {
    await using server = await serve((router) =>
      router.get('/', () =>
        stream(
          // biome-ignore lint/correctness/useYield: it fails before
          (async function* () {
            throw new StatusError('not_found', 'no such file');
          })(),
        ),
      ),
    );
    using client = new RawClient(server.port);

    const answer = await client.send(get).answer();

    assert.deepEqual([answer.status, errorOf(answer).message], [404, 'no such file']);
  });

  it('that fail later are cut, so that nobody takes a part for the whole', async () => {
    const mistake = gate<unknown>();
    await using server = await serve((router) =>
      router.get('/', () =>
        stream(
          (async function* () {
            yield 'part';
            yield (await mistake.promise) as string;
            throw new StatusError('aborted', 'no');
          })(),
        ),
      ),
    );

    using first = new RawClient(server.port);
    await first.send(get).until('part\r\n');
    using second = new RawClient(server.port);
    await second.send(get).until('part\r\n');
    mistake.resolve(7);

    assert.deepEqual([await first.closed(), await second.closed()], ['', '']);
  });

  it('are cut at the deadline, also while the client takes nothing', async () => {
    const outcome = gate<Outcome>();
    await using server = await serve(
      (router) =>
        router.get('/', { timeoutMs: 100 }, () =>
          stream(
            (async function* () {
              for (;;) yield new Uint8Array(1024 * 1024);
            })(),
          ),
        ),
      { admit: () => ({ admitted: true, done: outcome.resolve }) },
    );
    using client = new RawClient(server.port);
    client.socket.pause();
    client.send(get);

    assert.equal((await outcome.promise).error?.code, 'deadline_exceeded');
  });

  it('are not made for HEAD', async () => {
    let made = 0;
    const returned = gate();
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: String(made++) }),
        return: async () => {
          returned.resolve();
          return { done: true, value: undefined };
        },
      }),
    };
    await using server = await serve((router) => router.get('/', () => stream(source)));

    using client = new RawClient(server.port);
    const answer = await client.send('HEAD / HTTP/1.1\r\nHost: test\r\n\r\n').answer({ isHead: true });

    await returned.promise;
    assert.deepEqual([answer.status, made], [200, 0]);
  });

  it('are left for HEAD, whatever the source does then', async () => {
    const fail = () => {
      throw new Error('a mistake');
    };
    const source: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: fail, return: fail }) };
    await using server = await serve((router) => router.get('/', () => stream(source)));

    using client = new RawClient(server.port);
    const answer = await client.send('HEAD / HTTP/1.1\r\nHost: test\r\n\r\n').answer({ isHead: true });

    assert.equal(answer.status, 200);
  });

  it('end with the connection for a client of HTTP/1.0', async () => {
    await using server = await serve((router) =>
      router.get('/', () =>
        stream(
          (async function* () {
            yield 'a';
            yield 'b';
          })(),
        ),
      ),
    );
    using client = new RawClient(server.port);

    const all = await client.send('GET / HTTP/1.0\r\n\r\n').closed();

    assert.match(all, /\r\n\r\nab$/);
  });
});

describe('streamed bodies', () => {
  it('reach the handler as they come, and the same iterable is bodyStream', async () => {
    const first = gate<string>();
    await using server = await serve((router) =>
      router.post('/', { body: streamed() }, async (_ctx, req) => {
        const pieces: string[] = [];
        for await (const chunk of req.body) {
          pieces.push(Buffer.from(chunk).toString());
          first.resolve(pieces[0]!);
        }
        return [pieces.join('|'), req.body === req.bodyStream];
      }),
    );
    using client = new RawClient(server.port);

    client.send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
    assert.equal(await first.promise, 'one');
    const answer = await client.send('3\r\ntwo\r\n0\r\n\r\n').answer();

    assert.equal(answer.body, '["one|two",true]');
  });

  it('slow the client down to the speed of the handler', async () => {
    const go = gate();
    await using server = await serve((router) =>
      router.post('/', { body: streamed(), maxBodyBytes: 1e9, timeoutMs: 0 }, async (_ctx, req) => {
        await go.promise;
        let size = 0;
        for await (const chunk of req.body) size += chunk.length;
        return size;
      }),
    );
    using client = new RawClient(server.port);
    const size = 32 * 1024 * 1024;

    client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${size}\r\n\r\n`);
    client.socket.write(new Uint8Array(size));
    await until(background(), connected(client));
    const unsent = client.socket.writableLength;
    go.resolve();
    const answer = await client.answer();

    assert.ok(unsent > 0);
    assert.equal(answer.body, String(size));
  });

  it('that grow too large fail in the handler with BODY_TOO_LARGE, which is what is answered', async () => {
    await using server = await serve((router) =>
      router.post('/', { body: streamed(), maxBodyBytes: 4 }, async (_ctx, req) => {
        for await (const _chunk of req.body);
      }),
    );
    using client = new RawClient(server.port);

    const answer = await client
      .send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
      .answer();

    assert.deepEqual([answer.status, errorOf(answer).reason], [413, 'BODY_TOO_LARGE']);
  });

  it('that break off fail in the handler', async () => {
    const failure = gate<unknown>();
    await using server = await serve((router) =>
      router.post('/', { body: streamed() }, async (_ctx, req) => {
        try {
          for await (const _chunk of req.body);
        } catch (error) {
          failure.resolve(error);
          throw error;
        }
      }),
    );
    using client = new RawClient(server.port);
    await client
      .send('POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n')
      .until('Continue\r\n\r\n');

    client.send('part').socket.end();

    assert.equal(((await failure.promise) as StatusError).code, 'canceled');
  });

  it('may be left unread', async () => {
    await using server = await serve((router) => {
      router.post('/', { body: streamed() }, () => text('no, thanks'));
      router.post('/read', { body: rawText() }, (_ctx, req) => text(req.body));
    });
    using client = new RawClient(server.port);
    const post = (path: string) => `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello`;

    const first = await client.send(post('/')).answer();
    const second = await client.send(post('/read')).answer();

    assert.deepEqual([first.body, second.body], ['no, thanks', 'hello']);
  });
});

/** Resolves when a request that was sent has certainly reached the server: another on a second connection was answered. */
async function connected(client: RawClient): Promise<void> {
  using other = new RawClient(client.port);
  await other.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n').answer();
}

describe('trailers', () => {
  it('of a request are there when its body has been read', async () => {
    await using server = await serve((router) =>
      router.post('/', { body: rawText() }, (_ctx, req) => [req.body, req.trailers]),
    );
    using client = new RawClient(server.port);

    const answer = await client
      .send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n')
      .answer();

    assert.equal(answer.body, '["ab",{"x-sum":"7"}]');
  });

  it('of an answer are sent to a client that asks for them, and to no other', async () => {
    let count = 0;
    await using server = await serve((router) =>
      router.get('/', () =>
        stream(
          (async function* () {
            for (count = 0; count < 2; count++) yield 'x';
          })(),
          { trailers: () => ({ 'x-count': String(count) }) },
        ),
      ),
    );
    using client = new RawClient(server.port);

    const asked = await client
      .send('GET / HTTP/1.1\r\nHost: test\r\nTE: trailers\r\n\r\n')
      .until('0\r\nx-count: 2\r\n\r\n');
    const other = await client.send(get).answer();

    assert.match(asked, /1\r\nx\r\n1\r\nx\r\n0\r\n/);
    assert.equal(other.body, 'xx');
  });
});
