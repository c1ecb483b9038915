import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { fieldsOf } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import { sleep } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { bearer, startWorld } from './gateway.fixture.ts';

type Json = Record<string, unknown>;

const ann = bearer('ann@acme');

async function call(url: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; body: Json }> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? {} : (JSON.parse(text) as Json) };
}

const post = (body: unknown, headers: Record<string, string> = ann): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

test('a path parameter reaches the service, and the answer comes back as JSON with 64-bit numbers as text', async () => {
  await using world = await startWorld();

  const { status, body } = await call(`${world.url}/v1/rooms/r%2F7`, { headers: ann });

  assert.equal(status, 200);
  assert.deepEqual(body.room, {
    id: 'r/7',
    title: 'Lounge',
    state: 'ROOM_STATE_UNSPECIFIED',
    viewerCount: '9007199254740992',
  });
});

test('a body that is one field of the request, an answer that is one field of the response', async () => {
  await using world = await startWorld();

  const { body } = await call(`${world.url}/v1/rooms`, post({ title: 'Kitchen', viewer_count: '7' }));

  assert.deepEqual(body, { id: '', title: 'Kitchen', state: 'ROOM_STATE_UNSPECIFIED', viewerCount: '7' });
});

test('a custom verb, with the rest of the request in the body', async () => {
  await using world = await startWorld();

  const { body } = await call(`${world.url}/v1/rooms/7:close`, post({ because: 'late' }));

  assert.deepEqual(body.room, { id: '7', title: 'late', state: 'ROOM_STATE_UNSPECIFIED', viewerCount: '0' });
});

test('query parameters, nested, repeated and typed', async () => {
  await using world = await startWorld();

  const { body } = await call(
    `${world.url}/v1/search/rooms?page_size=5&sinceId=9&tags=a&tags=b&like.title=x&exact=true`,
  );

  const echo = body.echo as Json;
  assert.equal(echo.kind, 'rooms');
  assert.equal(echo.pageSize, 5);
  assert.equal(echo.sinceId, '9');
  assert.deepEqual(echo.tags, ['a', 'b']);
  assert.equal((echo.like as Json).title, 'x');
  assert.equal(echo.exact, true);
});

test('a method without an annotation cannot be reached', async () => {
  await using world = await startWorld();

  const answer = await call(`${world.url}/flotilla.test.v1.SearchService/NotExposed`, post({}));

  assert.equal(answer.status, 404);
  assert.equal(answer.body.reason, 'ROUTE_NOT_FOUND');
});

test('a stream of answers becomes server-sent events', async () => {
  await using world = await startWorld();

  const answer = await fetch(`${world.url}/v1/rooms/7/events?count=2`, { headers: ann });

  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  assert.equal(await answer.text(), 'data: {"number":1,"text":"event 1"}\n\ndata: {"number":2,"text":"event 2"}\n\n');
});

test('an error of the service comes out in the one shape with the status of its code', async () => {
  await using world = await startWorld({
    room: {
      async getRoom() {
        throw new StatusError('failed_precondition', 'room 7 is closed', {
          reason: 'ROOM_CLOSED',
          domain: 'live.room',
          metadata: { id: '7' },
        });
      },
    },
  });

  const { status, body } = await call(`${world.url}/v1/rooms/7`, { headers: ann });

  assert.equal(status, 400);
  const { details, ...rest } = body;
  assert.deepEqual(rest, {
    code: 'failed_precondition',
    reason: 'ROOM_CLOSED',
    message: 'room 7 is closed',
    domain: 'live.room',
    metadata: { id: '7' },
  });
  assert.equal((details as Json[])[0]?.type, 'google.rpc.ErrorInfo');
});

test('a service that is down is unavailable, without a word of where it would be', async () => {
  await using world = await startWorld({ target: 'http://127.0.0.1:1' });

  const { status, body } = await call(`${world.url}/v1/rooms/7`, { headers: ann });

  assert.equal(status, 503);
  assert.equal(body.code, 'unavailable');
  assert.equal(body.reason, 'CONNECT_FAILED');
  assert.doesNotMatch(JSON.stringify(body), /127\.0\.0\.1|:1\b/);
});

test('a call that the service did not finish in time is stopped there and answered with 504', async () => {
  let end: Promise<string> | undefined;
  await using world = await startWorld({
    room: {
      async getRoom(ctx) {
        end = new Promise((resolve) => ctx.onDone(() => resolve(ctx.err()?.code ?? '')));
        await sleep(ctx, 60_000);
        return {};
      },
    },
  });

  // A busy machine may need a short limit for the way to the service: then there was no work to stop.
  for (let limitMs = 50; end === undefined && limitMs < 5_000; limitMs *= 2) {
    const headers = { ...ann, 'flotilla-timeout-ms': String(limitMs) };
    const started = performance.now();
    const { status, body } = await call(`${world.url}/v1/rooms/7`, { headers });

    assert.equal(status, 504);
    assert.equal(body.code, 'deadline_exceeded');
    assert.ok(performance.now() - started < 30_000, 'answered before the work would have ended');
  }

  assert.ok(end !== undefined, 'the service was reached');
  assert.match(await end, /deadline_exceeded|canceled/);
});

test('a client that leaves stops the work at the service', async () => {
  let begun = () => {};
  let ended = (_code: string) => {};
  const begin = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const end = new Promise<string>((resolve) => {
    ended = resolve;
  });
  await using world = await startWorld({
    room: {
      async getRoom(ctx) {
        ctx.onDone(() => ended(ctx.err()?.code ?? ''));
        begun();
        await sleep(ctx, 60_000);
        return {};
      },
    },
  });
  const client = connect(world.port, '127.0.0.1');
  await once(client, 'connect');

  client.write(`GET /v1/rooms/7 HTTP/1.1\r\nhost: test\r\nauthorization: ${ann.authorization}\r\n\r\n`);
  await begin;
  client.destroy();

  assert.equal(await end, 'canceled');
});

test('who calls comes from the token', async () => {
  await using world = await startWorld();

  await call(`${world.url}/v1/rooms/7`, { headers: ann });

  const { tenant, principal } = fieldsOf(world.reached[0] as Context);
  assert.deepEqual({ tenant, principal }, { tenant: 'acme', principal: 'ann' });
});

test('a route says what it asks of its callers', async () => {
  await using world = await startWorld({ access: { getRoom: 'optional', closeRoom: 'public' } });
  const stale = bearer('nobody');

  const missing = await call(`${world.url}/v1/rooms`, post({}, {}));
  const bad = await call(`${world.url}/v1/rooms`, post({}, stale));
  const optional = await call(`${world.url}/v1/rooms/7`);
  const optionalBad = await call(`${world.url}/v1/rooms/7`, { headers: stale });
  const open = await call(`${world.url}/v1/rooms/7:close`, post({}, stale));

  assert.deepEqual(
    [missing, bad, optional, optionalBad, open].map(({ status, body }) => [status, body.reason]),
    [
      [401, 'MISSING_TOKEN'],
      [401, 'INVALID_TOKEN'],
      [200, undefined],
      [401, 'INVALID_TOKEN'],
      [200, undefined],
    ],
  );
  assert.equal(missing.headers.get('www-authenticate'), 'Bearer');
  assert.equal(bad.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
});

test('a caller without a token is who the gateway says it is', async () => {
  await using world = await startWorld({
    access: { getRoom: 'optional' },
    options: { auth: { authenticate: async () => undefined, anonymous: { tenant: 'guests', principal: '' } } },
  });

  await call(`${world.url}/v1/rooms/7`);

  assert.equal(fieldsOf(world.reached[0] as Context).tenant, 'guests');
});

test('a route of the gateway itself calls services by their clients', async () => {
  const { RoomService } = await import('../../rpc/testdata/gen/flotilla/test/v1/room_pb.ts');
  await using world = await startWorld({
    define(gateway) {
      const rooms = gateway.client(RoomService);
      gateway.route('GET', '/v1/titles/:id', { access: 'optional' }, async (ctx, req) => {
        return { title: (await rooms.getRoom(ctx, { id: req.params.id })).room?.title };
      });
      gateway.route('GET', '/v1/secret', {}, async () => ({}));
    },
  });

  assert.deepEqual((await call(`${world.url}/v1/titles/7`)).body, { title: 'Lounge' });
  assert.equal((await call(`${world.url}/v1/secret`)).status, 401);
});

for (const domain of ['flotilla.rpc', 'flotilla.discovery', 'flotilla.sql']) {
  test(`an error of ${domain} keeps its code and reason, and tells a stranger nothing of the fleet`, async () => {
    const metadata = { constraint: 'wallet.tenant, wallet.id' };
    await using world = await startWorld({
      room: {
        async getRoom() {
          throw new StatusError('unavailable', 'room-1 at 10.0.0.7', { domain, reason: 'AWAY', metadata });
        },
      },
    });

    const { status, body } = await call(`${world.url}/v1/rooms/7`, { headers: ann });

    assert.equal(status, 503);
    assert.equal(body.reason, 'AWAY');
    assert.doesNotMatch(JSON.stringify(body), /10\.0\.0\.7|wallet/);
  });
}

test('pages of an allowed origin may call, also when the answer is an error', async () => {
  const origin = 'https://app.example';
  await using world = await startWorld({ options: { cors: { origins: [origin] } } });

  const preflight = await fetch(`${world.url}/v1/rooms/7`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
  });
  const refused = await fetch(`${world.url}/v1/rooms/7`, { headers: { origin } });
  const foreign = await fetch(`${world.url}/v1/rooms/7`, { headers: { origin: 'https://evil.example' } });

  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/);
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('access-control-allow-origin'), origin);
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
});

test('without the option no page of another origin may call', async () => {
  await using world = await startWorld();

  const answer = await fetch(`${world.url}/v1/rooms/7`, { headers: { origin: 'https://app.example', ...ann } });

  assert.equal(answer.headers.get('access-control-allow-origin'), null);
});
