import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CollectorClient, RequestError } from './collector-client.ts';

type Answer = Response | Error;

function clientWith(...answers: Answer[]): { client: CollectorClient; urls: string[] } {
  const urls: string[] = [];
  const client = new CollectorClient({
    baseUrl: 'http://127.0.0.1:8081/#/traces',
    fetch: async (url) => {
      urls.push(url);
      const answer = answers.shift() ?? new Response('{}');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, urls };
}

const never = new AbortController().signal;
const notFound = () =>
  Response.json({ code: 'not_found', reason: 'TRACE_NOT_FOUND', message: 'no trace 4bf9' }, { status: 404 });

test('asks beside the page, without empty parameters', async () => {
  const { client, urls } = clientWith(Response.json({ traces: [] }));

  const answer = await client.get(
    'traces',
    { service: 'live room', error: true, q: '', limit: 50, min: undefined },
    never,
  );

  assert.deepEqual(answer, { traces: [] });
  assert.deepEqual(urls, ['http://127.0.0.1:8081/api/traces?service=live+room&error=true&limit=50']);
});

test('a refusal says why and does not mean that the collector is away', async () => {
  const { client } = clientWith(notFound());

  await assert.rejects(client.get('traces/4bf9', {}, never), (error) => {
    assert.ok(error instanceof RequestError);
    assert.deepEqual(
      [error.kind, error.status, error.reason, error.message],
      ['refused', 404, 'TRACE_NOT_FOUND', 'no trace 4bf9'],
    );
    return true;
  });
  assert.equal(client.availability.isAway, false);
});

test('a failed connection, a server error and a broken answer mean that it is away', async () => {
  for (const answer of [new TypeError('fetch failed'), new Response('', { status: 503 }), new Response('<html>')]) {
    const { client } = clientWith(answer);

    await assert.rejects(
      client.get('services', {}, never),
      (error) => error instanceof RequestError && error.kind === 'away',
    );
    assert.equal(client.availability.isAway, true);
  }
});

test('everyone who waits is asked to retry when it is back', async () => {
  const { client } = clientWith(new TypeError('fetch failed'), Response.json({}));
  let changes = 0;
  let retries = 0;
  client.subscribe(() => changes++);
  const stop = client.onRetry(() => retries++);

  await assert.rejects(client.get('services', {}, never));
  await client.get('services', {}, never);
  stop();
  client.retry();

  assert.deepEqual([changes, retries], [2, 1]);
});

test('an aborted request says nothing about the collector', async () => {
  const { client } = clientWith(new DOMException('gone', 'AbortError'));
  const leaving = new AbortController();
  leaving.abort(new Error('left the view'));

  await assert.rejects(client.get('services', {}, leaving.signal), /left the view/);
  assert.equal(client.availability.isAway, false);
});
