import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, rootContext } from '../../../concurrency/index.ts';
import { failOnLeaks, virtualClock } from '../../../testing/index.ts';
import { client } from './client.ts';
import type { HttpClientOptions } from './client-options.ts';
import { failure } from './failure.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();

test('a number out of its range is refused at construction', () => {
  const wrong: readonly HttpClientOptions[] = [
    { timeoutMs: -1 },
    { timeoutMs: Number.NaN },
    { connectTimeoutMs: -1 },
    { maxResponseBytes: 0 },
    { maxHeaderBytes: 1.5 },
    { maxConnectionsPerOrigin: 0 },
    { maxQueuedPerOrigin: -1 },
    { maxOrigins: 0 },
    { keepAliveMs: -1 },
    { maxRedirects: 0.5 },
  ];
  for (const options of wrong) assert.throws(() => client(options), RangeError, JSON.stringify(options));
});

test('an error answer is given where errors are accepted', async () => {
  await using server = await RawServer.start((socket) => {
    socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy');
  });
  await using api = client({ baseUrl: server.url });

  const whole = await api.request(ctx, { url: '/', acceptErrors: true });
  await using open = await api.stream(ctx, { url: '/', acceptErrors: true });

  assert.deepEqual([whole.status, whole.text(), open.status], [503, 'busy', 503]);
});

test('a call may have a timeout of its own', async () => {
  const clock = virtualClock();
  await using server = await RawServer.start(() => {});
  await using api = client({ baseUrl: server.url, timeoutMs: 0 });
  const call = failure(api.request(rootContext(clock), { url: '/', timeoutMs: 70 }));
  await server.until(() => server.requests.length === 1);

  await clock.advance(70);

  assert.equal((await call).code, 'deadline_exceeded');
});

test('a head above maxHeaderBytes is refused', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1', `x-a: ${'b'.repeat(600)}\r\n`)));
  await using roomy = client({ baseUrl: server.url, maxHeaderBytes: 1_000 });
  await using narrow = client({ baseUrl: server.url, maxHeaderBytes: 500 });

  assert.equal(await roomy.getJson(ctx, '/'), 1);
  const error = await failure(narrow.request(ctx, { url: '/' }));

  assert.deepEqual([error.reason, error.metadata], ['RESPONSE_TOO_LARGE', { maxBytes: '500' }]);
});
