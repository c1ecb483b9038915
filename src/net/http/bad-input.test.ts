import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { rawJson, rawText, streamed } from './input/body.ts';
import { errorOf, RawClient, serve, type TestServer } from './server.fixture.ts';

interface BadInput {
  readonly name: string;
  readonly send: string | Uint8Array;
  readonly status: number;
  readonly reason: string;
  readonly message?: RegExp;
}

const host = 'Host: test\r\n';
const asJson = `${host}Content-Type: application/json\r\n`;

function post(path: string, body: string | Uint8Array, headers = asJson): Uint8Array {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return Buffer.concat([
    Buffer.from(`POST ${path} HTTP/1.1\r\n${headers}Content-Length: ${bytes.length}\r\n\r\n`),
    bytes,
  ]);
}

const table: readonly BadInput[] = [
  { name: 'an unknown route', send: `GET /nowhere HTTP/1.1\r\n${host}\r\n`, status: 404, reason: 'ROUTE_NOT_FOUND' },
  { name: 'a wrong method', send: `DELETE /rooms HTTP/1.1\r\n${host}\r\n`, status: 405, reason: 'METHOD_NOT_ALLOWED' },
  {
    name: 'a method nobody knows',
    send: `PROPFIND /rooms HTTP/1.1\r\n${host}\r\n`,
    status: 405,
    reason: 'METHOD_NOT_ALLOWED',
  },
  {
    name: 'CONNECT',
    send: `CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n`,
    status: 405,
    reason: 'METHOD_NOT_ALLOWED',
  },
  { name: 'malformed JSON', send: post('/rooms', '{"title":'), status: 400, reason: 'MALFORMED_JSON' },
  {
    name: 'a wrong type',
    send: post('/rooms', '{"title":7}'),
    status: 400,
    reason: 'INVALID_INPUT',
    message: /body\.title/,
  },
  { name: 'no body where one is needed', send: post('/rooms', ''), status: 400, reason: 'INVALID_INPUT' },
  {
    name: 'a __proto__ key',
    send: post('/any', '{"__proto__":{"admin":true}}'),
    status: 400,
    reason: 'MALFORMED_JSON',
  },
  {
    name: 'a body that is not UTF-8',
    send: post('/rooms', Uint8Array.of(0x22, 0xff, 0x22)),
    status: 400,
    reason: 'INVALID_UTF8',
  },
  {
    name: 'a text that is not UTF-8',
    send: post('/text', Uint8Array.of(0xc3, 0x28), host),
    status: 400,
    reason: 'INVALID_UTF8',
  },
  {
    name: 'a wrong content type',
    send: post('/rooms', '{"title":"x"}', `${host}Content-Type: text/plain\r\n`),
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'a form',
    send: post('/rooms', 'title=x', `${host}Content-Type: application/x-www-form-urlencoded\r\n`),
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'two content types',
    send: post('/rooms', '{"title":"x"}', `${asJson}Content-Type: text/plain\r\n`),
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'no content type',
    send: post('/rooms', '{"title":"x"}', host),
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
    message: /there is none/,
  },
  {
    name: 'another charset',
    send: post('/rooms', '{"title":"x"}', `${host}Content-Type: application/json; charset=utf-16\r\n`),
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'a compressed body',
    send: post('/rooms', '{"title":"x"}', `${asJson}Content-Encoding: gzip\r\n`),
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'a body that is too large by its length',
    send: post('/rooms', 'x'.repeat(101)),
    status: 413,
    reason: 'BODY_TOO_LARGE',
    message: /100 bytes/,
  },
  {
    name: 'a length of terabytes without the bytes',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Content-Length: 9999999999999\r\n\r\n`,
    status: 413,
    reason: 'BODY_TOO_LARGE',
  },
  {
    name: 'a chunked body that grows too large',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Transfer-Encoding: chunked\r\n\r\n40\r\n${'x'.repeat(64)}\r\n40\r\n${'x'.repeat(64)}\r\n`,
    status: 413,
    reason: 'BODY_TOO_LARGE',
  },
  {
    name: 'a streamed body that is too large by its length',
    send: post('/upload', 'x'.repeat(101), host),
    status: 413,
    reason: 'BODY_TOO_LARGE',
  },
  {
    name: 'a wrong parameter',
    send: `GET /rooms/seven HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'INVALID_INPUT',
    message: /params\.id/,
  },
  {
    name: 'a wrong query',
    send: `GET /rooms?page=x HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'INVALID_INPUT',
    message: /query\.page/,
  },
  {
    name: 'a missing header',
    send: `GET /with-header HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'INVALID_INPUT',
    message: /headers\.x-key/,
  },
  {
    name: 'broken percent-encoding in the path',
    send: `GET /rooms/%zz HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
    message: /the path has broken/,
  },
  {
    name: 'percent-encoding of bytes that are not UTF-8',
    send: `GET /rooms/%ff HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'broken percent-encoding in the query',
    send: `GET /rooms?page=%2 HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
    message: /the query has broken/,
  },
  {
    name: 'a header that is too large',
    send: `GET /rooms HTTP/1.1\r\n${host}X-Big: ${'x'.repeat(20_000)}\r\n\r\n`,
    status: 431,
    reason: 'HEADERS_TOO_LARGE',
  },
  {
    name: 'a path that is too long',
    send: `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
    status: 431,
    reason: 'HEADERS_TOO_LARGE',
  },
  {
    name: 'too many headers',
    send: `GET /rooms HTTP/1.1\r\n${host}${'X-A: 1\r\n'.repeat(100)}\r\n`,
    status: 431,
    reason: 'HEADERS_TOO_LARGE',
    message: /more than 100/,
  },
  {
    name: 'two lengths',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'the same length twice',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a length that is no number',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Content-Length: +2\r\n\r\n{}`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a negative length',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Content-Length: -2\r\n\r\n{}`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a length and chunks',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a chunk size that is no number',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a transfer encoding that hides chunked',
    send: `POST /rooms HTTP/1.1\r\n${asJson}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a folded header',
    send: `GET /rooms HTTP/1.1\r\n${host}X-A: 1\r\n 2\r\n\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a space before the colon',
    send: `GET /rooms HTTP/1.1\r\n${host}X-A : 1\r\n\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a NUL in a header',
    send: `GET /rooms HTTP/1.1\r\n${host}X-A: a\0b\r\n\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'no Host',
    send: 'GET /rooms HTTP/1.1\r\n\r\n',
    status: 400,
    reason: 'MALFORMED_REQUEST',
    message: /no Host/,
  },
  {
    name: 'two Hosts',
    send: `GET /rooms HTTP/1.1\r\n${host}Host: other\r\n\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
    message: /Host/,
  },
  {
    name: 'a Host that is none',
    send: 'GET /rooms HTTP/1.1\r\nHost: a/b@c\r\n\r\n',
    status: 400,
    reason: 'MALFORMED_REQUEST',
    message: /Host/,
  },
  {
    name: 'a Host with an impossible port',
    send: 'GET /rooms HTTP/1.1\r\nHost: a:99999\r\n\r\n',
    status: 400,
    reason: 'MALFORMED_REQUEST',
    message: /Host/,
  },
  {
    name: 'a fragment in the target',
    send: `GET /rooms#x HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'a target that is no path',
    send: `GET rooms HTTP/1.1\r\n${host}\r\n`,
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  {
    name: 'an expectation nobody meets',
    send: `GET /rooms HTTP/1.1\r\n${host}Expect: miracle\r\n\r\n`,
    status: 417,
    reason: 'UNSUPPORTED_EXPECTATION',
  },
  {
    name: 'something that is not HTTP',
    send: '\x16\x03\x01\x02\x00\x01\x00',
    status: 400,
    reason: 'MALFORMED_REQUEST',
  },
  { name: 'HTTP/2 spoken at once', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400, reason: 'MALFORMED_REQUEST' },
];

describe('bad input is refused in the one error shape and reaches no handler', () => {
  let server: TestServer;
  let reached = 0;
  const reach = () => {
    reached++;
  };

  before(async () => {
    server = await serve(
      (router) => {
        router.get('/rooms', { query: z.object({ page: z.coerce.number().optional() }) }, reach);
        router.post('/rooms', { body: z.object({ title: z.string() }), maxBodyBytes: 100 }, reach);
        router.get('/rooms/:id', { params: z.object({ id: z.coerce.number() }) }, reach);
        router.get('/with-header', { headers: z.object({ 'x-key': z.string() }) }, reach);
        router.post('/any', { body: rawJson() }, reach);
        router.post('/text', { body: rawText() }, reach);
        router.post('/upload', { body: streamed(), maxBodyBytes: 100 }, reach);
      },
      { timeoutMs: 5000 },
    );
  });

  after(() => server[Symbol.asyncDispose]());

  for (const { name, send, status, reason, message } of table) {
    it(`${name} is ${status} ${reason}`, async () => {
      using client = new RawClient(server.port);
      const before = reached;

      const answer = await client.send(send).answer();

      const error = errorOf(answer);
      assert.deepEqual([answer.status, error.reason], [status, reason], answer.body);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.deepEqual(Object.keys(error), ['code', 'reason', 'message', 'domain', 'metadata', 'details']);
      assert.match(error.message, message ?? /./);
      assert.equal(reached, before);
    });
  }

  it('leaves Object.prototype as it was, and the server answering', async () => {
    assert.equal(({} as Record<string, unknown>).admin, undefined);
    assert.equal((await fetch(`${server.url}/rooms`)).status, 204);
    assert.equal(reached, 1);
  });

  it('names the methods of the path in Allow', async () => {
    using client = new RawClient(server.port);

    const { headers } = await client.send(`DELETE /rooms HTTP/1.1\r\n${host}\r\n`).answer();

    assert.equal(headers.allow, 'GET, HEAD, OPTIONS, POST');
  });

  it('closes a connection without a second answer when the rest of an answered request does not come', async () => {
    await using impatient = await serve((router) => router.post('/', reach), { requestTimeoutMs: 500 });
    using client = new RawClient(impatient.port);

    const first = await client.send(`POST /nowhere HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\npart`).answer();

    assert.equal(first.status, 404);
    assert.equal(await client.closed(), '');
  });

  it('keeps the connection after an error whose request was read whole', async () => {
    using client = new RawClient(server.port);

    const first = await client.send(post('/rooms', '{')).answer();
    const second = await client.send(post('/nowhere', 'dropped')).answer();
    const third = await client.send(`GET /rooms?page=1 HTTP/1.1\r\n${host}\r\n`).answer();

    assert.deepEqual([first.status, second.status, third.status], [400, 404, 204]);
  });

  it('answers a request that is followed by garbage, then closes', async () => {
    using client = new RawClient(server.port);

    const answer = await client.send(`GET /rooms HTTP/1.1\r\n${host}\r\nnot http at all\r\n\r\n`).answer();

    assert.equal(answer.status, 204);
    assert.doesNotMatch(await client.closed(), /HTTP\/1.1 200/);
  });

  it('lets a client read the 413 while it is still sending', async () => {
    const body = new Uint8Array(8 * 1024 * 1024);

    const answer = await fetch(`${server.url}/upload`, { method: 'POST', body });

    assert.equal(answer.status, 413);
    assert.equal(((await answer.json()) as { reason: string }).reason, 'BODY_TOO_LARGE');
  });
});
