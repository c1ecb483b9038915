import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { failOnLeaks } from '../../../testing/index.ts';
import { client } from './client.ts';
import { failure } from './failure.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();
const full = (headers: string) => `HTTP/1.1 503 Service Unavailable\r\n${headers}content-length: 0\r\n\r\n`;

/** Refuses the first request of all, and answers the others. */
function refusing(headers: string): Promise<RawServer> {
  let requests = 0;
  return RawServer.start((socket) => socket.write(requests++ === 0 ? full(headers) : ok('1')));
}

test('a GET that found no service is asked for again, a POST is not', async () => {
  await using gets = await refusing('');
  await using posts = await refusing('');
  await using api = client();

  assert.equal(await api.getJson(ctx, gets.url), 1);
  const error = await failure(api.postJson(ctx, posts.url, {}));

  assert.equal(error.code, 'unavailable');
  assert.deepEqual([gets.requests.length, posts.requests.length], [2, 1]);
});

test('a POST that the server refused before any work is sent again', async () => {
  await using server = await refusing('flotilla-refused: 1\r\n');
  await using api = client();

  const answer = await api.request(ctx, { method: 'POST', url: server.url });

  assert.equal(answer.json(), 1);
});

test('the error says when the server wants to be asked again', async () => {
  await using server = await refusing('retry-after: 7\r\n');
  await using api = client({ guard: false });

  const { metadata } = await failure(api.request(ctx, { url: server.url }));

  assert.equal(metadata.retryAfterMs, '7000');
});

test('each server has a breaker of its own', async () => {
  await using broken = await RawServer.start((socket) => socket.write(full('')));
  await using good = await RawServer.start((socket) => socket.write(ok('1')));
  await using api = client({ guard: { retry: false, breaker: { minCalls: 5, probeMs: 60_000 } } });
  const reasons = new Set<string>();

  for (let call = 0; call < 100; call++) reasons.add((await failure(api.request(ctx, { url: broken.url }))).reason);

  assert.ok(reasons.has('BREAKER_OPEN'));
  assert.equal(await api.getJson(ctx, good.url), 1);
});
