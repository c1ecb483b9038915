import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RawAnswer, RawClient } from '../../net/http/server.fixture.ts';
import { bearer, startWorld, type TestWorld } from './gateway.fixture.ts';

let world: TestWorld;
before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

const auth = `authorization: ${bearer('ann@acme').authorization}`;
const json = 'content-type: application/json';

/** One request as it goes over the wire; the body's length is right. */
function request(line: string, headers: readonly string[], body: string | Uint8Array = ''): Uint8Array {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const head = [`${line} HTTP/1.1`, 'host: test', ...headers, `content-length: ${bytes.length}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

/** The same with the headers as they are given. */
function raw(line: string, headers: readonly string[], body: string): Uint8Array {
  return Buffer.from([`${line} HTTP/1.1`, 'host: test', ...headers, '', body].join('\r\n'), 'latin1');
}

const create = (body: string | Uint8Array, headers: readonly string[] = [auth, json]) =>
  request('POST /v1/rooms', headers, body);
const get = (target: string, headers: readonly string[] = [auth]) => request(`GET ${target}`, headers);

interface Bad {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly status: number;
  readonly code: string;
  readonly reason: string;
}

/** What is wrong, and the documented answer to it. */
const table: readonly Bad[] = [
  {
    what: 'malformed JSON',
    bytes: create('{"title":'),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_JSON',
  },
  {
    what: 'JSON that is no object',
    bytes: create('[1]'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'a wrong type',
    bytes: create('{"title":7}'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'a number out of range',
    bytes: create('{"viewerCount":"99999999999999999999"}'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'an unknown field',
    bytes: create('{"titel":"x"}'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'an unknown enum value',
    bytes: create('{"state":"ROOM_STATE_ON_FIRE"}'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'a key that changes prototypes',
    bytes: create('{"__proto__":{"x":1}}'),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_JSON',
  },
  {
    what: 'very deep JSON',
    bytes: create(`{"title":${'['.repeat(50_000)}${']'.repeat(50_000)}}`),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'bad UTF-8',
    bytes: create(Uint8Array.from([0x22, 0xff, 0xfe, 0x22])),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_UTF8',
  },
  {
    what: 'an oversized body',
    bytes: create(`{"title":"${'x'.repeat(1024 * 1024)}"}`),
    status: 413,
    code: 'resource_exhausted',
    reason: 'BODY_TOO_LARGE',
  },
  {
    what: 'another content type',
    bytes: create('title=x', [auth, 'content-type: application/x-www-form-urlencoded']),
    status: 415,
    code: 'invalid_argument',
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    what: 'a compressed body',
    bytes: create('{}', [auth, json, 'content-encoding: gzip']),
    status: 415,
    code: 'invalid_argument',
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  { what: 'an unknown route', bytes: get('/v1/rooom/7'), status: 404, code: 'not_found', reason: 'ROUTE_NOT_FOUND' },
  {
    what: 'a wrong method',
    bytes: request('DELETE /v1/rooms/7', [auth]),
    status: 405,
    code: 'unimplemented',
    reason: 'METHOD_NOT_ALLOWED',
  },
  {
    what: 'an unknown method',
    bytes: request('BREW /v1/rooms/7', [auth]),
    status: 405,
    code: 'unimplemented',
    reason: 'METHOD_NOT_ALLOWED',
  },
  {
    what: 'broken percent-encoding in the path',
    bytes: get('/v1/rooms/%zz'),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_REQUEST',
  },
  {
    what: 'bad UTF-8 in the path',
    bytes: get('/v1/rooms/%ff'),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_REQUEST',
  },
  {
    what: 'broken percent-encoding in the query',
    bytes: get('/v1/rooms/7?house=%f'),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_REQUEST',
  },
  {
    what: 'an unknown query parameter',
    bytes: get('/v1/rooms/7?huose=x'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'a query parameter of a wrong type',
    bytes: get('/v1/search/rooms?pageSize=many'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  {
    what: 'a query parameter given twice',
    bytes: get('/v1/rooms/7?house=a&house=b'),
    status: 400,
    code: 'invalid_argument',
    reason: 'INVALID_INPUT',
  },
  { what: 'no token', bytes: get('/v1/rooms/7', []), status: 401, code: 'unauthenticated', reason: 'MISSING_TOKEN' },
  {
    what: 'a bad token',
    bytes: get('/v1/rooms/7', [`authorization: ${bearer('nobody').authorization}`]),
    status: 401,
    code: 'unauthenticated',
    reason: 'INVALID_TOKEN',
  },
  {
    what: 'a token of another scheme',
    bytes: get('/v1/rooms/7', ['authorization: Basic YTpi']),
    status: 401,
    code: 'unauthenticated',
    reason: 'INVALID_TOKEN',
  },
  {
    what: 'a body before a token was seen',
    bytes: create('{"title":', [json]),
    status: 401,
    code: 'unauthenticated',
    reason: 'MISSING_TOKEN',
  },
  {
    what: 'a huge header',
    bytes: get('/v1/rooms/7', [auth, `x-huge: ${'x'.repeat(64 * 1024)}`]),
    status: 431,
    code: 'resource_exhausted',
    reason: 'HEADERS_TOO_LARGE',
  },
  {
    what: 'too many headers',
    bytes: get('/v1/rooms/7', [auth, ...Array.from({ length: 200 }, (_, i) => `x-${i}: 1`)]),
    status: 431,
    code: 'resource_exhausted',
    reason: 'HEADERS_TOO_LARGE',
  },
  {
    what: 'an oversized body in chunks',
    bytes: raw('POST /v1/rooms', [auth, json, 'transfer-encoding: chunked'], `100001\r\n${'x'.repeat(0x10_0001)}`),
    status: 413,
    code: 'resource_exhausted',
    reason: 'BODY_TOO_LARGE',
  },
  {
    what: 'a body of two lengths',
    bytes: raw('POST /v1/rooms', [auth, json, 'content-length: 2', 'content-length: 3'], '{} '),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_REQUEST',
  },
  {
    what: 'a length and chunks (request smuggling)',
    bytes: raw('POST /v1/rooms', [auth, json, 'content-length: 2', 'transfer-encoding: chunked'], '0\r\n\r\n'),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_REQUEST',
  },
  {
    what: 'a NUL in a header',
    bytes: get('/v1/rooms/7', [auth, 'x-nul: a\0b']),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_REQUEST',
  },
  {
    what: 'a huge path',
    bytes: get(`/v1/rooms/${'x'.repeat(20_000)}`),
    status: 431,
    code: 'resource_exhausted',
    reason: 'HEADERS_TOO_LARGE',
  },
  {
    what: 'two tokens',
    bytes: get('/v1/rooms/7', [auth, `authorization: ${bearer('bob@acme').authorization}`]),
    status: 401,
    code: 'unauthenticated',
    reason: 'INVALID_TOKEN',
  },
  {
    what: 'something that is not HTTP',
    bytes: Buffer.from('\x16\x03\x01\x02\x00\x01'),
    status: 400,
    code: 'invalid_argument',
    reason: 'MALFORMED_REQUEST',
  },
];

for (const { what, bytes, status, code, reason } of table) {
  test(`${what}: ${status} ${reason}, in the one error shape, and no handler sees it`, async () => {
    const reachedBefore = world.reached.length;
    using client = new RawClient(world.port);

    const answer = await client.send(bytes).answer();

    assert.equal(answer.status, status, answer.body);
    const body = shapeOf(answer);
    assert.equal(body.code, code);
    assert.equal(body.reason, reason);
    assert.equal(world.reached.length, reachedBefore);
  });
}

test('after all of that the gateway still answers', async () => {
  using client = new RawClient(world.port);

  assert.equal((await client.send(get('/v1/rooms/7')).answer()).status, 200);
});

test('a wrong method is answered with those that are right', async () => {
  using client = new RawClient(world.port);

  const answer = await client.send(request('DELETE /v1/rooms/7', [auth])).answer();

  assert.equal(answer.headers.allow, 'GET, HEAD, OPTIONS');
});

/** The body, after a look at its shape. */
function shapeOf(answer: RawAnswer): Record<string, unknown> {
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  assert.deepEqual(Object.keys(body).sort(), ['code', 'details', 'domain', 'message', 'metadata', 'reason']);
  assert.ok(answer.body.length < 4_096, 'an error does not repeat what was sent');
  return body;
}
