import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRouter, text } from '../net/http/index.ts';
import { inTime } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';

const paths = ['/live.nope.v1.NopeService/GetNope', '/flotilla.test.v1.RoomService/Nope'];
const empty = Buffer.alloc(5);

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** How each protocol says unimplemented. */
const protocols: Record<string, readonly [headers: Record<string, string>, body: string | Buffer, Check]> = {
  'Connect in JSON': [{ 'content-type': 'application/json', 'connect-protocol-version': '1' }, '{}', isConnect],
  'Connect in binary': [{ 'content-type': 'application/proto' }, '', isConnect],
  'a Connect stream': [{ 'content-type': 'application/connect+json' }, empty, isConnectStream],
  'gRPC-Web': [{ 'content-type': 'application/grpc-web+proto' }, empty, isGrpcWeb],
  gRPC: [{ 'content-type': 'application/grpc' }, empty, isGrpc],
};

type Check = (answer: Answer) => void;

function isConnect({ status, headers, text }: Answer): void {
  assert.deepEqual([status, headers.get('content-type')], [501, 'application/json']);
  assert.partialDeepStrictEqual(JSON.parse(text), { code: 'unimplemented', reason: 'METHOD_NOT_FOUND' });
}

function isConnectStream({ status, headers, text }: Answer): void {
  assert.deepEqual([status, headers.get('content-type')], [200, 'application/connect+json']);
  assert.equal(text.charCodeAt(0), 2);
  assert.partialDeepStrictEqual(JSON.parse(text.slice(5)), { error: { code: 'unimplemented' } });
}

function isGrpcWeb({ status, headers, text }: Answer): void {
  assert.deepEqual([status, headers.get('content-type')], [200, 'application/grpc-web+proto']);
  assert.match(text, /grpc-status: 12/);
}

function isGrpc({ status, headers }: Answer): void {
  assert.deepEqual([status, headers.get('content-type'), headers.get('grpc-status')], [200, 'application/grpc', '12']);
}

async function answerOf(url: string, init: RequestInit): Promise<Answer> {
  const { status, headers, ...answer } = await fetch(url, init).then(async (found) => ({
    status: found.status,
    headers: found.headers,
    text: await found.text(),
  }));
  return { status, headers, text: answer.text };
}

describe('a method that a server does not have, over HTTP/1.1', inTime, () => {
  for (const [name, [headers, body, check]] of Object.entries(protocols)) {
    test(`is unimplemented in ${name}, also of a service that it does not have`, async () => {
      await using fixture = await networkFixture();

      for (const path of paths) check(await answerOf(fixture.url + path, { method: 'POST', headers, body }));
    });
  }

  test('is unimplemented to a GET of Connect', async () => {
    await using fixture = await networkFixture();
    const query = 'connect=v1&encoding=json&message=%7B%7D';

    for (const path of paths) isConnect(await answerOf(`${fixture.url}${path}?${query}`, {}));
  });

  test('is not what a plain request to another path asks for', async () => {
    const router = createRouter();
    router.get('/live.nope.v1.NopeService/plain', () => text('plain'));
    await using fixture = await networkFixture({ server: { http: router } });
    const json = { 'content-type': 'application/json' };
    const table: readonly (readonly [string, RequestInit, number])[] = [
      ['/', {}, 404],
      ['/favicon.ico', {}, 404],
      ['/live.nope.v1.NopeService/GetNope', {}, 404],
      ['/live.nope.v1.NopeService/GetNope', { method: 'POST', headers: json, body: '{}' }, 404],
      ['/live.nope.v1.NopeService/plain', { method: 'POST', headers: json, body: '{}' }, 405],
      ['/live.nope.v1.NopeService/plain', {}, 200],
    ];

    for (const [path, init, status] of table) {
      const answer = await answerOf(fixture.url + path, init);
      assert.equal(answer.status, status, `${init.method ?? 'GET'} ${path}`);
    }
  });
});
