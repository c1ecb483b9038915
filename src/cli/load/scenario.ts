import { type Context, pipeline, until } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { isSuccess, type LoadClient, type LoadRequest } from './request.ts';

/** What a load consists of. */
export interface Scenario {
  /** Sets up what the requests need; gives the source of requests. */
  prepare(ctx: Context, client: LoadClient, random: () => number): Promise<() => LoadRequest>;
}

export interface ScenarioOptions {
  readonly target: URL;
  /** Only for `live` and `calls`: how many people there are, and how many rooms. */
  readonly users: number;
  readonly rooms: number;
  /** Only for `live` and `calls`: the share of requests that come from people who have not signed in. */
  readonly guests: number;
}

export const scenarioNames = ['live', 'calls', 'get'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export function scenario(name: ScenarioName, options: ScenarioOptions): Scenario {
  return name === 'get'
    ? getScenario(options.target)
    : liveScenario(options, name === 'calls' ? callsRequest : liveRequest);
}

/** The same GET again and again. */
function getScenario(target: URL): Scenario {
  const request: LoadRequest = { name: 'get', method: 'GET', path: `${target.pathname}${target.search}` };
  return { prepare: async () => () => request };
}

interface User {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Room {
  readonly id: string;
  readonly hostId: string;
}

/** Sign-ups hash a password each: more at once would only wait for each other. */
const atOnce = 4;

/**
 * The reference fleet `examples/live`: people sign up and open rooms, then 60 % look at a room's home, 20 % post a
 * message, 10 % send a gift of the cheapest kind to somebody else's room, 10 % list the rooms. Guests look at homes and lists
 * only. With `callsRequest` as the mix, 60 % look at a room alone, 25 % post, 10 % see its ranking, 5 % send a gift: its
 * lightest requests, one call to a service behind the gateway each but for gifts.
 */
function liveScenario({ users: userCount, rooms: roomCount, guests }: ScenarioOptions, mix: Mix): Scenario {
  return {
    async prepare(ctx, client, random) {
      // Names are unique in the fleet, also across runs with the same seed.
      const run = Date.now().toString(36);
      const users = await times(ctx, userCount, (index) => signUp(client, `load-${run}-${index}`));
      const hosts = Array.from({ length: roomCount }, (_, index) => pick(users, index / roomCount));
      const rooms = await times(ctx, roomCount, (index) =>
        openRoom(client, hosts[index] as User, `Load ${run} ${index}`),
      );
      const kinds = await call(client, {
        name: 'gifts',
        method: 'GET',
        path: '/v1/gifts',
        headers: pick(users, 0).headers,
      });
      const gift = text(kinds, 'giftKinds', '0', 'name');
      return () => (random() < guests ? guestRequest(random, rooms) : mix(random, users, rooms, gift));
    },
  };
}

type Mix = (random: () => number, users: readonly User[], rooms: readonly Room[], gift: string) => LoadRequest;

const liveRequest: Mix = (random, users, rooms, gift) => {
  const kind = random();
  const room = pick(rooms, random());
  const user = pick(users, random());
  const { headers } = user;
  if (kind < 0.6) return { name: 'home', method: 'GET', path: `/v1/rooms/${room.id}/home`, headers };
  if (kind < 0.8) return postRequest(random, room, user);
  if (kind < 0.9) return giftRequest(room, user, users, gift);
  return { name: 'list', method: 'GET', path: '/v1/rooms?pageSize=20', headers };
};

const callsRequest: Mix = (random, users, rooms, gift) => {
  const kind = random();
  const room = pick(rooms, random());
  const user = pick(users, random());
  const { headers } = user;
  if (kind < 0.6) return { name: 'room', method: 'GET', path: `/v1/rooms/${room.id}`, headers };
  if (kind < 0.85) return postRequest(random, room, user);
  if (kind < 0.95) return { name: 'ranking', method: 'GET', path: `/v1/rooms/${room.id}/ranking`, headers };
  return giftRequest(room, user, users, gift);
};

function postRequest(random: () => number, room: Room, { headers }: User): LoadRequest {
  const body = { text: `hello ${random()}` };
  return { name: 'post', method: 'POST', path: `/v1/rooms/${room.id}/messages`, headers, body };
}

/** Nobody can send a gift to a room of their own. */
function giftRequest(room: Room, user: User, users: readonly User[], gift: string): LoadRequest {
  const giver = user.id === room.hostId ? (users.find(({ id }) => id !== room.hostId) ?? user) : user;
  const body = { gift, count: 1, requestKey: crypto.randomUUID() };
  return { name: 'gift', method: 'POST', path: `/v1/rooms/${room.id}/gifts`, headers: giver.headers, body };
}

function guestRequest(random: () => number, rooms: readonly Room[]): LoadRequest {
  if (random() < 0.5) return { name: 'guest list', method: 'GET', path: '/v1/rooms?pageSize=20' };
  return { name: 'guest home', method: 'GET', path: `/v1/rooms/${pick(rooms, random()).id}/home` };
}

async function signUp(client: LoadClient, name: string): Promise<User> {
  const body = { name, password: crypto.randomUUID() };
  const answer = await call(client, { name: 'sign up', method: 'POST', path: '/v1/accounts', body });
  return { id: text(answer, 'account', 'id'), headers: { authorization: `Bearer ${text(answer, 'token')}` } };
}

async function openRoom(client: LoadClient, host: User, title: string): Promise<Room> {
  const { headers } = host;
  const answer = await call(client, {
    name: 'open a room',
    method: 'POST',
    path: '/v1/rooms',
    headers,
    body: { title },
  });
  return { id: text(answer, 'id'), hostId: host.id };
}

async function call(client: LoadClient, request: LoadRequest): Promise<unknown> {
  const reply = await client.send(request, { keepBody: true });
  if (isSuccess(reply)) return JSON.parse(reply.body);
  const what = reply.status === 0 ? `no answer (${reply.reason})` : `${reply.status} ${reply.reason}`;
  throw new StatusError(
    'failed_precondition',
    `cannot prepare the load: ${request.method} ${request.path} gave ${what}; ${hintOf(reply.status)}`,
    {
      reason: 'LOAD_NOT_PREPARED',
    },
  );
}

function hintOf(status: number): string {
  if (status === 0 || status === 503) return 'is the fleet up? start it with npm start';
  if (status === 429 || status === 504) return 'the fleet is busy already: wait, or take fewer people with --users 4';
  return 'for a service other than examples/live use --scenario get';
}

/** Does it `count` times, a few at once; the results keep their order. */
function times<T>(ctx: Context, count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return pipeline(ctx, Array(count).keys())
    .fanOut(atOnce, (index, own) => until(own, work(index)))
    .toArray();
}

function pick<T>(from: readonly T[], share: number): T {
  const found = from[Math.floor(share * from.length)];
  if (found === undefined) throw new RangeError('pick: the list is empty');
  return found;
}

/** The text at this path of an answer. */
function text(answer: unknown, ...path: readonly string[]): string {
  let value: unknown = answer;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  if (typeof value === 'string') return value;
  throw new StatusError(
    'failed_precondition',
    `cannot prepare the load: the answer has no "${path.join('.')}"; is this examples/live?`,
    {
      reason: 'LOAD_NOT_PREPARED',
    },
  );
}
