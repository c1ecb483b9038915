import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ErrorBody } from '../errors/index.ts';
import { logsJson } from './testdata/otlp-json.ts';
import { type Rig, startRig } from './testdata/rig.ts';

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };
const zipped = { ...json, 'content-encoding': 'gzip' };
const id = '1'.repeat(32);

interface Case {
  readonly what: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly status: number;
  readonly reason: string;
}

const post = (
  what: string,
  path: string,
  headers: Record<string, string>,
  body: NonNullable<RequestInit['body']>,
  status: number,
  reason: string,
): Case => ({
  what,
  path,
  init: { method: 'POST', headers, body },
  status,
  reason,
});
const get = (path: string, status = 400, reason = 'INVALID_QUERY'): Case => ({ what: path, path, status, reason });

const cases: readonly Case[] = [
  post('JSON that is cut', '/v1/traces', json, '{"resourceSpans":[', 400, 'MALFORMED_OTLP'),
  post('JSON of a wrong shape', '/v1/logs', json, '{"resourceLogs":1}', 400, 'MALFORMED_OTLP'),
  post('bytes that are no UTF-8', '/v1/logs', json, new Uint8Array([0x7b, 0xff]), 400, 'MALFORMED_OTLP'),
  post('bytes that are no protobuf', '/v1/metrics', protobuf, new Uint8Array([0x0a, 0xff]), 400, 'MALFORMED_OTLP'),
  post('a body that is not gzip', '/v1/logs', zipped, '{}', 400, 'MALFORMED_OTLP'),
  post('gzip that is cut', '/v1/logs', zipped, gzipSync('{}').subarray(0, 15), 400, 'MALFORMED_OTLP'),
  post(
    'a small body that inflates to a large one',
    '/v1/logs',
    zipped,
    gzipSync(' '.repeat(2_000_000)),
    413,
    'BODY_TOO_LARGE',
  ),
  post('a large body', '/v1/logs', json, ' '.repeat(200_000), 413, 'BODY_TOO_LARGE'),
  post('another encoding', '/v1/logs', { ...json, 'content-encoding': 'br' }, '{}', 415, 'UNSUPPORTED_MEDIA_TYPE'),
  post('another type', '/v1/logs', { 'content-type': 'text/plain' }, '{}', 415, 'UNSUPPORTED_MEDIA_TYPE'),
  post(
    'a form of another site',
    '/v1/logs',
    { 'content-type': 'application/x-www-form-urlencoded' },
    'a=b',
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ),
  post('an unknown signal', '/v1/profiles', json, '{}', 404, 'ROUTE_NOT_FOUND'),
  post('a write to the API', '/api/logs', json, '{}', 405, 'METHOD_NOT_ALLOWED'),
  get('/v1/traces', 405, 'METHOD_NOT_ALLOWED'),
  get('/api/nosuch', 404, 'ROUTE_NOT_FOUND'),
  get(`/api/traces/${id}`, 404, 'TRACE_NOT_FOUND'),
  get('/api/traces/xyz'),
  get(`/api/traces/${id}0`),
  get(`/api/traces/${id}?depth=3`),
  get('/api/traces?limit=0'),
  get('/api/traces?limit=100000'),
  get('/api/traces?limit=1.5'),
  get('/api/traces?limit=many'),
  get('/api/traces?limit=5&limit=6'),
  get('/api/traces?error=maybe'),
  get('/api/traces?minDurationMs=-1'),
  get('/api/traces?since=yesterday'),
  get('/api/traces?since=2000&until=1000'),
  get('/api/traces?until=1e300'),
  get('/api/traces?sevice=room'),
  get(`/api/traces?q=${'x'.repeat(2000)}`),
  get('/api/logs?level=loud'),
  get('/api/logs?trace=abc'),
  get('/api/logs?before=0'),
  get('/api/logs?limit=1e9'),
  get('/api/logs/tail?limit=5'),
  get('/api/metrics?name=a&stepMs=1'),
  get('/api/metrics?name=a&since=0&stepMs=1000'),
  get('/api/rates?since=0&stepMs=1000'),
  get('/api/map?service=room'),
  get('/api/services?page=2'),
];

describe('bad input to the collector', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig({ maxBodyBytes: 100_000, maxMessageBytes: 1_000_000 });
  });
  after(() => rig[Symbol.asyncDispose]());

  for (const { what, path, init, status, reason } of cases) {
    it(`is answered with ${status} ${reason}: ${what.slice(0, 80)}`, async () => {
      const response = await fetch(rig.url + path, init);
      const body = (await response.json()) as ErrorBody;

      assert.deepEqual([response.status, body.reason], [status, reason], body.message);
      assert.ok(body.message.length > 10 && body.message.length < 600, body.message);
    });
  }

  it('does not keep it from working', async () => {
    assert.equal(await rig.post('logs', logsJson('room', [{ message: 'fine' }])), 200);
    await rig.get('/api/logs?q=fine');
  });

  const strangers: readonly (readonly [string, Record<string, string>, number])[] = [
    ['a rebound DNS name', { host: 'evil.test' }, 403],
    ['a rebound DNS name with the port', { host: 'evil.test:8081' }, 403],
    ['a page of another site', { host: 'localhost', origin: 'https://evil.test' }, 403],
    ['a sandboxed page', { host: 'localhost', origin: 'null' }, 403],
    ['a name that ends alike', { host: 'notlocalhost' }, 403],
    ['a page of this machine', { host: 'localhost:8081', origin: 'http://localhost:5173' }, 200],
    ['IPv6 loopback', { host: '[::1]:8081' }, 200],
  ];
  for (const [who, headers, status] of strangers) {
    for (const path of ['/api/logs', '/v1/logs']) {
      it(`answers ${status} to ${who} at ${path}`, async () => {
        const method = path === '/v1/logs' ? 'POST' : 'GET';
        const answered = await new Promise<number | undefined>((resolve, reject) => {
          const sent = request(rig.url + path, { method, headers: { ...json, ...headers } }, (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          sent.on('error', reject);
          sent.end(method === 'POST' ? '{}' : undefined);
        });

        assert.equal(answered, status);
      });
    }
  }
});

describe('a collector with a token', () => {
  const token = 'a-token-of-some-length';

  it('answers nobody who does not know it', async () => {
    await using rig = await startRig({ token });
    const status = async (authorization?: string) => {
      const response = await fetch(`${rig.url}/api/logs`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      await response.arrayBuffer();
      return [response.status, response.headers.get('www-authenticate')];
    };

    assert.deepEqual(await status(), [401, 'Bearer']);
    assert.deepEqual(await status(`Bearer ${token}x`), [401, 'Bearer']);
    assert.deepEqual(await status(`Bearer ${token}`), [200, null]);
  });

  it('is needed for an address that others reach', async () => {
    await assert.rejects(startRig({ host: '0.0.0.0' }), { code: 'invalid_argument', reason: 'TOKEN_NEEDED' });
    await assert.rejects(startRig({ token: 'short' }), { code: 'invalid_argument', reason: 'INVALID_TOKEN' });
  });
});

it('a collector refuses a bound that is too small', async () => {
  await assert.rejects(startRig({ maxBytes: 1000 }), {
    name: 'RangeError',
    message: /maxBytes is 1000; it must be at least 4194304/,
  });
});
