import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { background } from '../../concurrency/index.ts';
import { tcpListener } from '../tcp/index.ts';
import { rawBytes, rawJson, rawText } from './input/body.ts';
import { bytes, empty, html, json, redirect, text } from './reply/reply.ts';
import { createRouter } from './routing/router.ts';
import { RawClient, serve } from './server.fixture.ts';
import { createHttpServer } from './server.ts';

const host = 'Host: test\r\n';

describe('a server', () => {
  it('gives a handler the validated input', async () => {
    await using server = await serve((router) => {
      router.post(
        '/v1/:tenant/rooms/:id:open',
        {
          params: z.object({ tenant: z.string(), id: z.coerce.number() }),
          query: z.object({ tag: z.array(z.string()), page: z.coerce.number().default(1) }),
          headers: z.object({ 'x-key': z.string() }),
          body: z.object({ title: z.string().trim() }),
        },
        (_ctx, req) => ({
          params: req.params,
          query: req.query,
          key: req.headers['x-key'],
          body: req.body,
          cookie: req.cookies.sid,
          path: req.path,
          route: req.route,
          url: req.url.href,
          method: req.method,
          agent: req.header('User-Agent'),
          remote: req.remoteAddress,
        }),
      );
    });

    const response = await fetch(`${server.url}/v1/caf%C3%A9/rooms/7:open?tag=a&tag=b%20c`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-key': 'k',
        cookie: 'sid=1',
        'user-agent': 'test',
      },
      body: '{"title":"  Tea  ","more":1}',
    });

    assert.deepEqual(await response.json(), {
      params: { tenant: 'café', id: 7 },
      query: { tag: ['a', 'b c'], page: 1 },
      key: 'k',
      body: { title: 'Tea' },
      cookie: '1',
      path: '/v1/caf%C3%A9/rooms/7:open',
      route: '/v1/:tenant/rooms/:id:open',
      url: `${server.url}/v1/caf%C3%A9/rooms/7:open?tag=a&tag=b%20c`,
      method: 'POST',
      agent: 'test',
      remote: '127.0.0.1',
    });
  });

  it('reads bodies as text, bytes and JSON of any shape, chunked or not, and an empty one', async () => {
    await using server = await serve((router) => {
      router.post('/text', { body: rawText() }, (_ctx, req) => text(req.body));
      router.post('/bytes', { body: rawBytes() }, (_ctx, req) => [...req.body]);
      router.post('/json', { body: rawJson() }, (_ctx, req) => json([req.body]));
      router.post('/maybe', { body: z.object({}).optional() }, (_ctx, req) => text(String(req.body)));
      router.post('/none', (_ctx, req) => text(String(req.body)));
    });
    const post = async (path: string, body?: BodyOf, type = 'application/json') => {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': type },
        duplex: 'half',
        ...(body !== undefined && { body }),
      } as RequestInit);
      return response.text();
    };

    assert.equal(await post('/text', 'café', 'text/plain'), 'café');
    assert.equal(await post('/bytes', Uint8Array.of(0, 255), 'image/png'), '[0,255]');
    assert.equal(await post('/json', '{"a":[1]}', 'application/merge-patch+json'), '[{"a":[1]}]');
    assert.equal(await post('/json', new Blob(['[', '1', ']']).stream()), '[[1]]');
    assert.equal(await post('/json', ''), '[null]');
    assert.equal(await post('/maybe'), 'undefined');
    assert.equal(await post('/none', '{"dropped":true}'), 'undefined');
  });

  it('answers plain values, nothing, and every kind of reply', async () => {
    await using server = await serve((router) => {
      router.get('/value', () => [1]);
      router.get('/null', () => null);
      router.get('/nothing', () => undefined);
      router.get('/created', () =>
        json(
          {},
          {
            status: 201,
            headers: { location: '/7' },
            cookies: [
              { name: 'sid', value: '1' },
              { name: 'b', value: '' },
            ],
          },
        ),
      );
      router.get('/text', () => text('é'));
      router.get('/html', () => html('<p>'));
      router.get('/bytes', () => bytes(Uint8Array.of(1, 2), { headers: { 'content-type': 'image/png' } }));
      router.get('/redirect', () => redirect('/value', 307));
      router.get('/not-modified', () => empty({ status: 304, headers: { etag: '"1"' } }));
    });
    const get = async (path: string) => {
      const response = await fetch(server.url + path, { redirect: 'manual' });
      const { headers } = response;
      return [response.status, headers.get('content-type'), headers.get('content-length'), await response.text()];
    };

    assert.deepEqual(await get('/value'), [200, 'application/json', '3', '[1]']);
    assert.deepEqual(await get('/null'), [200, 'application/json', '4', 'null']);
    assert.deepEqual(await get('/nothing'), [204, null, null, '']);
    assert.deepEqual(await get('/text'), [200, 'text/plain; charset=utf-8', '2', 'é']);
    assert.deepEqual(await get('/html'), [200, 'text/html; charset=utf-8', '3', '<p>']);
    assert.deepEqual(await get('/bytes'), [200, 'image/png', '2', '\u0001\u0002']);
    assert.deepEqual(await get('/redirect'), [307, null, '0', '']);
    assert.deepEqual(await get('/not-modified'), [304, null, null, '']);
    const created = await fetch(`${server.url}/created`);
    assert.deepEqual(
      [created.status, created.headers.get('location'), created.headers.getSetCookie()],
      [201, '/7', ['sid=1', 'b='].map((pair) => `${pair}; Path=/; Secure; HttpOnly; SameSite=Lax`)],
    );
  });

  it('answers HEAD from GET without the body, and OPTIONS with Allow, unless they have their own route', async () => {
    await using server = await serve((router) => {
      router.get('/rooms', () => ({ a: 1 }));
      router.put('/rooms', () => undefined);
      router.options('/own', () => text('mine'));
      router.head('/own', () => empty({ headers: { 'x-own': 'yes' } }));
    });

    using client = new RawClient(server.port);
    const head = await client.send(`HEAD /rooms HTTP/1.1\r\n${host}\r\n`).answer({ isHead: true });
    const options = await client.send(`OPTIONS /rooms HTTP/1.1\r\n${host}\r\n`).answer();
    const everything = await client.send(`OPTIONS * HTTP/1.1\r\n${host}\r\n`).answer();
    const ownHead = await client.send(`HEAD /own HTTP/1.1\r\n${host}\r\n`).answer({ isHead: true });
    const ownOptions = await client.send(`OPTIONS /own HTTP/1.1\r\n${host}\r\n`).answer();

    assert.deepEqual(
      [head.status, head.headers['content-length'], head.headers['content-type']],
      [200, '7', 'application/json'],
    );
    assert.deepEqual([options.status, options.headers.allow], [204, 'GET, HEAD, OPTIONS, PUT']);
    assert.deepEqual([everything.status, everything.headers.allow], [204, 'GET, HEAD, OPTIONS']);
    assert.deepEqual([ownHead.headers['x-own'], ownOptions.body], ['yes', 'mine']);
  });

  it('takes a target in absolute form, and HTTP/1.0 without Host', async () => {
    await using server = await serve((router) => router.get('/rooms', (_ctx, req) => text(req.url.search)));

    using client = new RawClient(server.port);
    const absolute = await client.send(`GET http://test/rooms?a=1 HTTP/1.1\r\n${host}\r\n`).answer();
    const old = await client.send('GET /rooms HTTP/1.0\r\n\r\n').answer();

    assert.deepEqual([absolute.body, old.status], ['?a=1', 200]);
  });

  it('answers pipelined requests in order', async () => {
    await using server = await serve((router) => router.get('/:n', (_ctx, req) => text(req.params.n)));

    using client = new RawClient(server.port);
    client.send([1, 2, 3].map((n) => `GET /${n} HTTP/1.1\r\n${host}\r\n`).join(''));

    for (const n of ['1', '2', '3']) assert.equal((await client.answer()).body, n);
  });

  it('asks for the body of a client that expects 100-continue only when it is wanted', async () => {
    await using server = await serve((router) =>
      router.post('/', { body: rawText(), maxBodyBytes: 10 }, (_ctx, req) => text(req.body)),
    );
    const head = (length: number) =>
      `POST / HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;

    using wanted = new RawClient(server.port);
    await wanted.send(head(5)).until('HTTP/1.1 100 Continue\r\n\r\n');
    const answer = await wanted.send('hello').answer();
    using refused = new RawClient(server.port);
    const refusal = await refused.send(head(11)).answer();

    assert.deepEqual([answer.status, answer.body], [200, 'hello']);
    assert.deepEqual([refusal.status, refusal.headers.connection], [413, 'close']);
  });

  it('serves sockets that somebody else accepted, also after a look at their first bytes', async () => {
    const router = createRouter();
    router.get('/rooms', () => 'here');
    const server = createHttpServer({ name: 'test', router });
    assert.deepEqual(await server.start(background()), []);
    const door = createServer((socket) =>
      socket.once('data', (first) => {
        socket.pause();
        socket.unshift(first);
        server.handleConnection(socket);
        socket.resume();
      }),
    );
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const { port } = door.address() as { port: number };

    using client = new RawClient(port);
    const first = await client.send(`GET /rooms HTTP/1.1\r\n${host}\r\n`).answer();
    const second = await client.send(`GET /rooms HTTP/1.1\r\n${host}\r\n`).answer();

    assert.deepEqual([first.body, second.body], ['"here"', '"here"']);
    await server.stop(background());
    await client.closed();
    door.close();
  });

  it('closes connections that come before its start', async () => {
    const server = createHttpServer({ name: 'test', router: createRouter() });
    const door = createServer((socket) => server.handleConnection(socket));
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));

    using client = new RawClient((door.address() as { port: number }).port);

    assert.equal(await client.closed(), '');
    await server.stop(background());
    door.close();
  });

  it('fails to start where its listener does, and says why', async () => {
    await using test = await serve(() => {});
    const second = createHttpServer({ name: 'x', router: createRouter(), listener: tcpListener({ port: test.port }) });

    await assert.rejects(second.start(background()), { reason: 'ADDRESS_IN_USE' });
    await second.stop(background());
    await assert.rejects(second.start(background()), /starts once/);
  });

  it('starts once, and refuses a limit out of its range', async () => {
    await using test = await serve(() => {});

    await assert.rejects(test.server.start(background()), /starts once/);
    for (const [name, value] of [
      ['timeoutMs', -1],
      ['maxConnections', 0],
      ['maxHeaderBytes', Number.NaN],
    ] as const) {
      assert.throws(
        () => createHttpServer({ name: 'x', router: createRouter(), [name]: value }),
        new RegExp(`${name} is ${value}`),
      );
    }
  });

  it('names its endpoint as it is told', async () => {
    const listener = tcpListener({ port: 0 });
    const server = createHttpServer({ name: 'x', router: createRouter(), listener, endpoint: 'admin' });

    const [endpoint] = await server.start(background());

    assert.equal(endpoint?.name, 'admin');
    assert.match(endpoint?.url ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
    await server.stop(background());
  });
});

type BodyOf = string | Uint8Array<ArrayBuffer> | ReadableStream;
