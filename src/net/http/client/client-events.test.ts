import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { background, rootContext } from '../../../concurrency/index.ts';
import { failOnLeaks, virtualClock } from '../../../testing/index.ts';
import { client } from './client.ts';
import type { HttpClientEventsRequest } from './client-events.ts';
import { failure } from './failure.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n';
const quick: Omit<HttpClientEventsRequest, 'url'> = { retryMs: 0 };

/** Answers the n-th request with the n-th act, and those after the last with 204. */
function acting(...acts: ((socket: Socket, request: string) => void)[]): Promise<RawServer> {
  return RawServer.start((socket, request) => {
    const act = acts.shift();
    if (act === undefined) socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    else act(socket, request);
  });
}

test('events come one by one, with their JSON', async () => {
  await using server = await acting((socket) =>
    socket.end(`${head}event: viewers\nid: 1\ndata: {"count":2}\n\ndata: x\n\n`),
  );
  await using api = client({ baseUrl: server.url });
  const got: unknown[] = [];

  for await (const event of api.events(ctx, { url: '/', ...quick })) {
    got.push([event.event, event.id, event.event === 'viewers' ? event.json() : event.data]);
    if (event.data === 'x') assert.throws(() => event.json(), { reason: 'MALFORMED_RESPONSE' });
  }

  assert.deepEqual(got, [
    ['viewers', '1', { count: 2 }],
    ['message', '1', 'x'],
  ]);
});

test('a stream that breaks or ends goes on after the last event, until the server has no more', async () => {
  const heads: string[] = [];
  const note = (act: (socket: Socket) => void) => (socket: Socket, request: string) => {
    heads.push(request);
    act(socket);
  };
  await using server = await acting(
    note((socket) => socket.end(`${head}id: 1ü\ndata: a\n\nid: 2\ndata: lost`)),
    note((socket) => socket.write(`${head}data: b\n\n`, () => socket.resetAndDestroy())),
    note((socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n')),
    note((socket) => socket.end(`${head}id: 3\ndata: c\n\n`)),
  );
  await using api = client({ baseUrl: server.url });

  const got = await Array.fromAsync(
    api.events(ctx, { url: '/', ...quick, lastEventId: '0' }),
    ({ id, data }) => `${id}${data}`,
  );

  assert.deepEqual(got, ['1üa', '1üb', '3c']);
  assert.deepEqual(
    heads.map((request) => Buffer.from(/last-event-id: (.*)\r\n/.exec(request)?.[1] ?? '', 'latin1').toString()),
    ['0', '1ü', '1ü', '1ü'],
  );
});

test('what another attempt cannot mend is thrown at once', async () => {
  const acts: readonly (readonly [answer: string, reason: string])[] = [
    ['HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n', 'NOT_FOUND'],
    [ok('{}', 'content-type: application/json\r\n'), 'MALFORMED_RESPONSE'],
    [`${head}data: ${'x'.repeat(200)}`, 'RESPONSE_TOO_LARGE'],
  ];
  for (const [answer, reason] of acts) {
    await using server = await acting((socket) => socket.write(answer));
    await using api = client({ baseUrl: server.url });

    const error = await failure(Array.fromAsync(api.events(ctx, { url: '/', ...quick, maxEventChars: 100 })));

    assert.equal(error.reason, reason);
    assert.equal(server.requests.length, 1);
  }
});

test('waits longer from failure to failure, as the server says, with jitter, and gives up', async () => {
  const clock = virtualClock();
  await using server = await RawServer.start((socket) => socket.end(`${head}retry: 100\n\n`));
  await using api = client({ baseUrl: server.url });
  const events = failure(
    Array.fromAsync(api.events(rootContext(clock), { url: '/', maxReconnects: 3, random: () => 0.5 })),
  );
  const waits: number[] = [];

  for (let attempt = 1; attempt <= 3; attempt++) {
    await server.until(() => server.requests.length === attempt);
    const started = clock.now();
    while (server.requests.length === attempt) {
      await clock.advance(5);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    waits.push(clock.now() - started);
  }

  const error = await events;
  assert.deepEqual([error.code, error.reason], ['unavailable', 'CONNECTION_FAILED']);
  assert.equal(server.requests.length, 4);
  for (const [index, least] of [75, 150, 300].entries()) assert.ok(waits[index]! >= least, `${waits}`);
  assert.equal(clock.pending, 0);
});

test('leaving the loop, and the end of the Context, close the connection', async () => {
  await using server = await RawServer.start((socket) => socket.write(`${head}data: a\n\n`));
  await using api = client({ baseUrl: server.url });
  using outer = ctx.withCancel();

  for await (const event of api.events(ctx, { url: '/' })) {
    assert.equal(event.data, 'a');
    break;
  }
  await server.until(() => server.open === 0);
  const waiting = failure(
    (async () => {
      for await (const _ of api.events(outer, { url: '/' })) outer.cancel();
    })(),
  );

  assert.equal((await waiting).code, 'canceled');
  await server.until(() => server.open === 0);
});

test('a stream in which nothing comes is taken for dead, and asked for again', async () => {
  const clock = virtualClock();
  await using server = await acting((socket) => socket.write(`${head}data: a\n\n`));
  await using api = client({ baseUrl: server.url });
  const events = api.events(rootContext(clock), { url: '/', retryMs: 0, idleTimeoutMs: 1_000 });
  assert.equal((await events.next()).value?.data, 'a');
  const end = events.next();

  while (server.requests.length === 1) {
    await clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const ticking = setInterval(() => void clock.advance(10), 1);

  assert.equal((await end).done, true);
  clearInterval(ticking);
});
