import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFields } from '../../../call/index.ts';
import { background } from '../../../concurrency/index.ts';
import { failOnLeaks } from '../../../testing/index.ts';
import { client } from './client.ts';
import { failure } from './failure.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();

/** Redirects /302 and the like to where the query says; answers anything else with its path. */
function redirecting(heads: string[] = []): Promise<RawServer> {
  return RawServer.start((socket, request) => {
    heads.push(request);
    const { pathname, searchParams } = new URL(request.split(' ')[1]!, 'http://x');
    const status = /^\/(3\d\d)$/.exec(pathname)?.[1];
    const to = searchParams.get('to') ?? '';
    if (status === undefined) socket.write(ok(JSON.stringify(pathname)));
    else socket.write(`HTTP/1.1 ${status} Moved\r\nlocation: ${to}\r\ncontent-length: 5\r\n\r\nmoved`);
  });
}

test('a GET follows redirects of every kind, whole and as a stream', async () => {
  await using server = await redirecting();
  await using api = client({ baseUrl: server.url, maxRedirects: 2 });

  for (const status of [301, 302, 303, 307, 308]) {
    assert.equal(await api.getJson(ctx, `/${status}?to=/new`), '/new');
    await using answer = await api.stream(ctx, {
      url: `/${status}?to=${encodeURIComponent(`/302?to=${server.url}/far`)}`,
    });
    for await (const chunk of answer.body) assert.equal(String(chunk), '"/far"');
  }

  assert.equal((await api.request(ctx, { url: '/304?to=/new' })).status, 304);
  assert.equal((await api.request(ctx, { url: '/300?to=/new' })).status, 300);
});

test('what changes something is not repeated elsewhere', async () => {
  await using server = await redirecting();
  await using api = client({ baseUrl: server.url, maxRedirects: 5 });

  for (const method of ['POST', 'PUT', 'DELETE'] as const)
    assert.equal((await api.request(ctx, { method, url: '/303?to=/new' })).status, 303);
  assert.equal((await api.request(ctx, { method: 'GET', url: '/307?to=/new', body: 'x' })).status, 307);
});

test('too many redirects, and those that lead nowhere, are errors', async () => {
  await using server = await redirecting();
  await using api = client({ baseUrl: server.url, maxRedirects: 3 });
  const loop = `/302?to=${encodeURIComponent('/302?to=/302?to=/302?to=/new')}`;

  const reasons = await Promise.all(
    [loop, '/302?to=file:///etc/passwd', '/302?to=http://', '/302?to=http://user:secret@x/'].map(
      async (url) => (await failure(api.request(ctx, { url }))).reason,
    ),
  );

  assert.deepEqual(
    reasons,
    ['REDIRECT_REFUSED', 'REDIRECT_REFUSED', 'REDIRECT_REFUSED', 'REDIRECT_REFUSED'].with(0, 'TOO_MANY_REDIRECTS'),
  );
});

test('another server learns neither credentials nor the travelling fields, not even on the way back', async () => {
  const heads: string[] = [];
  await using home = await redirecting(heads);
  await using abroad = await redirecting(heads);
  await using api = client({ baseUrl: home.url, maxRedirects: 3 });
  const fields = withFields(ctx, { tenant: 'acme', principal: 'user' });
  const headers = { Authorization: 'Bearer secret', cookie: 'sid=1', 'x-own': 'kept' };
  const back = `/302?to=${encodeURIComponent(`${home.url}/end`)}`;
  const url = `/302?to=${encodeURIComponent(`/302?to=${encodeURIComponent(abroad.url + back)}`)}`;

  assert.equal(await api.getJson(fields, url, { headers }), '/end');

  assert.deepEqual(
    heads.map((head) => [
      /authorization: Bearer secret/.test(head),
      /cookie:/.test(head),
      /flotilla-principal: user/.test(head),
      /flotilla-timeout-ms/.test(head),
      /x-own: kept/.test(head),
    ]),
    [
      [true, true, true, true, true],
      [true, true, true, true, true],
      [false, false, false, false, true],
      [false, false, false, false, true],
    ],
  );
});
