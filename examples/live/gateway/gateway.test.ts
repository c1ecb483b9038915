import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { background, type Context } from 'flotilla/concurrency';
import { staticResolver } from 'flotilla/discovery';
import { StatusError } from 'flotilla/errors';
import { tcpListener } from 'flotilla/net/tcp';
import { createRpcServer, implement, type ServiceHandlers } from 'flotilla/rpc';
import { jwtIssuer } from '../account/token.ts';
import { AccountService } from '../gen/live/account/v1/account_pb.ts';
import { RankService } from '../gen/live/rank/v1/rank_pb.ts';
import { RoomService, RoomState } from '../gen/live/room/v1/room_pb.ts';
import { liveGateway } from './gateway.ts';

type Json = Record<string, unknown>;

const jwtSecret = 'a secret of the tests, 32 bytes or more';
const unused = async () => ({});

const room: ServiceHandlers<typeof RoomService> = {
  createRoom: unused,
  listRooms: unused,
  openRoom: unused,
  closeRoom: unused,
  postMessage: unused,
  publishEvent: unused,
  async getRoom(_ctx, { id }) {
    if (id === 'none')
      throw new StatusError('not_found', 'there is no room "none"', { reason: 'ROOM_NOT_FOUND', domain: 'live.room' });
    return { room: { id, title: 'Lounge', hostId: 'ann', state: RoomState.OPEN } };
  },
  async listMessages(_ctx, { roomId }) {
    return { messages: [{ id: 'm1', roomId, authorId: 'bob', authorName: 'Bob', text: 'hello' }] };
  },
  async *watch(ctx, { roomId, afterEventId }) {
    await room.getRoom(ctx, { $typeName: 'live.room.v1.GetRoomRequest', id: roomId });
    yield {};
    const id = String(Number(afterEventId) + 1);
    yield { event: { id, roomId, happened: { case: 'message' as const, value: { id: 'm1', roomId, text: 'hello' } } } };
  },
};

const account: ServiceHandlers<typeof AccountService> = {
  signUp: unused,
  signIn: unused,
  getMe: unused,
  getWallet: unused,
  batchGetAccounts: unused,
  transfer: unused,
  async getAccount(_ctx, { id }) {
    return { account: { id, name: 'Ann' } };
  },
};

const rank: ServiceHandlers<typeof RankService> = {
  record: unused,
  async getRanking() {
    return { entries: [{ position: 1, accountId: 'bob', name: 'Bob', coins: 30n, gifts: 3n }] };
  },
};

interface Changes {
  readonly room?: Partial<typeof room>;
  readonly account?: Partial<typeof account>;
  readonly rank?: Partial<typeof rank>;
  /** Services that nobody answers for. */
  readonly down?: readonly string[];
}

/** The gateway before services of its own; answers its address. */
async function start(t: TestContext, changes: Changes = {}): Promise<string> {
  const server = createRpcServer({
    name: 'all',
    listener: tcpListener({ port: 0 }),
    services: [
      implement(RoomService, { ...room, ...changes.room }),
      implement(AccountService, { ...account, ...changes.account }),
      implement(RankService, { ...rank, ...changes.rank }),
    ],
  });
  const [inner] = await server.start(background());
  const up = ['account', 'room', 'gift', 'rank'].filter((name) => changes.down?.includes(name) !== true);
  const resolver = staticResolver(Object.fromEntries(up.map((name) => [name, [inner?.url ?? '']])));
  const gateway = liveGateway({
    resolver,
    jwtSecret,
    tenant: 'live',
    traceUrl: 'http://127.0.0.1:8081/#/traces/{traceId}',
  });
  const outside = gateway.server({ listener: tcpListener({ port: 0 }) });
  const [outer] = await outside.start(background());
  t.after(async () => {
    await outside.stop(background().withTimeout(1_000));
    await server.stop(background().withTimeout(1_000));
    gateway[Symbol.dispose]();
  });
  return outer?.url ?? '';
}

async function get(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: Json }> {
  const answer = await fetch(url, { headers });
  return { status: answer.status, body: (await answer.json()) as Json };
}

test('home has room, host, messages and ranking in one answer', async (t) => {
  const url = await start(t);

  const { status, body } = await get(`${url}/v1/rooms/7/home`);

  assert.equal(status, 200);
  assert.deepEqual(body, {
    room: { id: '7', title: 'Lounge', hostId: 'ann', state: 'ROOM_STATE_OPEN' },
    host: { id: 'ann', name: 'Ann' },
    messages: [{ id: 'm1', roomId: '7', authorId: 'bob', authorName: 'Bob', text: 'hello' }],
    ranking: [{ position: 1, accountId: 'bob', name: 'Bob', coins: '30', gifts: '3' }],
    missing: [],
  });
});

test('home without a part that is down says so, and has the others', async (t) => {
  const url = await start(t, { down: ['rank'] });

  const { status, body } = await get(`${url}/v1/rooms/7/home`);

  assert.equal(status, 200);
  assert.deepEqual(body.missing, ['ranking']);
  assert.deepEqual((body.host as Json).name, 'Ann');
});

test('home without a part that is late says so, and the late work is stopped', async (t) => {
  const ended = Promise.withResolvers<string | undefined>();
  const url = await start(t, {
    account: {
      getAccount(ctx: Context) {
        ctx.onDone(() => ended.resolve(ctx.err()?.code));
        return new Promise<never>(() => {});
      },
    },
  });

  const { body } = await get(`${url}/v1/rooms/7/home`);

  assert.deepEqual(body.missing, ['host']);
  assert.match((await ended.promise) ?? '', /deadline_exceeded|canceled/);
});

test('home of a room that is not there is the error of the room service', async (t) => {
  const url = await start(t);

  const { status, body } = await get(`${url}/v1/rooms/none/home`);

  assert.equal(status, 404);
  assert.equal(body.reason, 'ROOM_NOT_FOUND');
});

test('events begin with ready, then come with name, id and the event itself', async (t) => {
  const url = await start(t);

  const answer = await fetch(`${url}/v1/rooms/7/events?after=4`);
  const [ready = '', message = ''] = (await answer.text()).split('\n\n');

  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  assert.equal(ready, 'event: ready\nretry: 1000\ndata: {}');
  assert.match(message, /^event: message\nid: 5\ndata: \{"id":"5","roomId":"7",.*"text":"hello"/);
});

test('a browser that comes back goes on after the last event it has seen', async (t) => {
  const url = await start(t);

  const text = await (await fetch(`${url}/v1/rooms/7/events`, { headers: { 'last-event-id': '41' } })).text();

  assert.match(text, /\nid: 42\n/);
});

test('events of a room that is not there, or after something that is no event, are refused before the stream begins', async (t) => {
  const url = await start(t);

  assert.equal((await get(`${url}/v1/rooms/none/events`)).body.reason, 'ROOM_NOT_FOUND');
  assert.equal((await get(`${url}/v1/rooms/7/events?after=x`)).body.reason, 'INVALID_INPUT');
});

test('a reader that leaves ends the watch at the room service', async (t) => {
  const ended = Promise.withResolvers<void>();
  const url = await start(t, {
    room: {
      async *watch(ctx: Context) {
        yield {};
        ctx.onDone(() => ended.resolve());
        await new Promise(() => {});
      },
    },
  });
  const leave = new AbortController();

  const answer = await fetch(`${url}/v1/rooms/7/events`, { signal: leave.signal });
  await answer.body?.getReader().read();
  leave.abort();

  await ended.promise;
});

test('tokens of the account service are taken, and only they', async (t) => {
  const url = await start(t);
  const create = async (secret: string) => {
    const { token } = await jwtIssuer({ secret, now: Date.now }).issue({ tenant: 'live', accountId: 'ann' });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return (await fetch(`${url}/v1/rooms`, { method: 'POST', headers, body: '{"title":"Lounge"}' })).status;
  };

  assert.equal(await create(jwtSecret), 200);
  assert.equal(await create('another secret of the tests, as long as that'), 401);
});
