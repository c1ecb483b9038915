import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { background } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import type { MethodInfo } from '../../service/index.ts';
import { setReplyHeader } from './call-state.ts';
import { type Hooks, hooks } from './hooks.ts';
import { empty, json, stream, text } from './reply/reply.ts';
import type { Router } from './routing/router.ts';
import { gate, serve } from './server.fixture.ts';

const room = z.object({ title: z.string() });

/** A server whose routes answer in each way that there is, with these hooks around them. */
function withHooks(...all: readonly Hooks[]) {
  return serve((router: Router) => {
    router.use({ middleware: all.map(hooks) });
    router.get('/plain', () => ({ a: 1 }));
    router.get('/text', () => text('x', { status: 201 }));
    router.post('/rooms', { body: room }, (_ctx, req) => req.body.title);
    router.get('/failing', () => {
      throw new StatusError('not_found', 'no such room', { reason: 'NO_ROOM' });
    });
    router.get('/stream', () => stream(numbers()));
  });
}

async function* numbers() {
  yield '1';
  yield '2';
}

async function get(url: string, init: RequestInit = {}) {
  const answer = await fetch(url, init);
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

describe('hooks', () => {
  it('see a call in order, the first in the list outermost', async () => {
    const seen: string[] = [];
    const sent = gate();
    const telling = (name: string): Hooks => ({
      onRequest: async (_ctx, request) => void seen.push(`${name} request ${request.path}`),
      onReply: (_ctx, _request, reply) => void seen.push(`${name} reply ${reply.status}`),
      onSent: (_request, { status, error }) => {
        seen.push(`${name} sent ${status} ${error?.reason}`);
        if (name === 'a') sent.resolve();
      },
    });
    await using server = await withHooks(telling('a'), telling('b'));

    await get(`${server.url}/text?x`);
    await sent.promise;

    assert.deepEqual(seen, [
      'a request /text',
      'b request /text',
      'b reply 201',
      'a reply 201',
      'b sent 201 undefined',
      'a sent 201 undefined',
    ]);
  });

  it('answer in place of the route, before its body is looked at', async () => {
    await using server = await withHooks({
      onRequest: (_ctx, request) =>
        request.header('authorization') === undefined ? empty({ status: 401 }) : undefined,
    });

    const refused = await get(`${server.url}/rooms`, { method: 'POST', body: 'no JSON' });
    const taken = await get(`${server.url}/plain`, { headers: { authorization: 'x' } });

    assert.deepEqual([refused.status, taken.status], [401, 200]);
  });

  it('refuse with an error that they throw', async () => {
    await using server = await withHooks({
      onRequest: () => {
        throw new StatusError('permission_denied', 'no', { reason: 'NO' });
      },
    });

    const answer = await get(`${server.url}/plain`);

    assert.deepEqual([answer.status, JSON.parse(answer.body).reason], [403, 'NO']);
  });

  it('replace an answer and add headers to it', async () => {
    const closed = gate();
    const watched: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => assert.fail('nobody reads it'),
        return: async () => {
          closed.resolve();
          return { done: true, value: undefined };
        },
      }),
    };
    await using server = await serve((router) => {
      router.use({
        middleware: [
          hooks({
            onReply: (ctx, request, reply) => {
              setReplyHeader(ctx, 'x-kind', reply.content.kind);
              return request.path === '/replaced' ? json({ instead: true }) : undefined;
            },
          }),
        ],
      });
      router.get('/kept', () => stream(numbers()));
      router.get('/replaced', () => stream(watched));
    });

    const kept = await get(`${server.url}/kept`);
    const replaced = await get(`${server.url}/replaced`);

    assert.deepEqual([kept.headers.get('x-kind'), kept.body], ['stream', '12']);
    assert.deepEqual([replaced.headers.get('x-kind'), replaced.body], ['stream', '{"instead":true}']);
    await closed.promise;
  });

  it('see what was thrown further in, and may answer it or throw another', async () => {
    const seen: string[] = [];
    await using server = await withHooks(
      { onError: (_ctx, _request, error) => void seen.push((error as StatusError).reason) },
      {
        onError: (_ctx, request, error) => {
          if (request.path === '/failing') return json({ gone: (error as StatusError).reason }, { status: 410 });
          return new StatusError('invalid_argument', 'other', { reason: 'OTHER' });
        },
      },
    );

    const answered = await get(`${server.url}/failing`);
    const rethrown = await get(`${server.url}/rooms`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });

    assert.deepEqual([answered.status, answered.body], [410, '{"gone":"NO_ROOM"}']);
    assert.deepEqual([rethrown.status, JSON.parse(rethrown.body).reason], [400, 'OTHER']);
    assert.deepEqual(seen, ['OTHER']);
  });

  it('hear how a call has ended, each of them, even if one fails', async () => {
    const seen: unknown[] = [];
    let wait = gate();
    await using server = await withHooks(
      {
        onSent: (request, { status, error, durationMs }) => {
          seen.push([request.path, status, error?.reason, durationMs >= 0]);
          wait.resolve();
        },
      },
      {
        onSent: () => {
          throw new TypeError('a mistake');
        },
      },
    );

    for (const path of ['/plain', '/failing', '/stream']) {
      wait = gate();
      await get(server.url + path);
      await wait.promise;
    }

    assert.deepEqual(seen, [
      ['/plain', 200, undefined, true],
      ['/failing', 404, 'NO_ROOM', true],
      ['/stream', 200, undefined, true],
    ]);
  });

  it('stand around every call of a server, also one that no route answers', async () => {
    const seen: string[] = [];
    await using server = await serve((router) => router.get('/a', () => undefined), {
      middleware: [hooks({ onError: (_ctx, request) => void seen.push(`${request.path} ${request.route}`) })],
    });

    await get(`${server.url}/nowhere`);

    assert.deepEqual(seen, ['/nowhere ']);
  });

  it('let a call pass that is not HTTP', async () => {
    const handler = hooks({ onRequest: () => empty() })(async (_ctx, input: number) => input + 1, {} as MethodInfo);

    assert.equal(await handler(background(), 1), 2);
  });
});
