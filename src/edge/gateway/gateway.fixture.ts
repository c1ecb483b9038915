import { background, type Context } from '../../concurrency/index.ts';
import { staticResolver } from '../../discovery/index.ts';
import type { HttpServerOptions } from '../../net/http/index.ts';
import { tcpListener } from '../../net/tcp/index.ts';
import { createRpcServer, implement, type ServiceHandlers } from '../../rpc/index.ts';
import { comments } from '../../rpc/testdata/gen/flotilla/test/v1/room_comments.ts';
import { RoomService, SearchService } from '../../rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import type { Server } from '../../service/index.ts';
import { AuthErrors, type Authenticate, bearerToken } from './auth.ts';
import { createGateway, type ExposeOptions, expose, type Gateway, type GatewayOptions } from './gateway.ts';

/** A gateway before one service, on real sockets. */
export interface TestWorld extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly url: string;
  readonly port: number;
  /** The Context of every call that reached a handler of the service. */
  readonly reached: Context[];
}

export interface TestWorldOptions {
  readonly room?: Partial<ServiceHandlers<typeof RoomService>>;
  readonly access?: ExposeOptions<typeof RoomService>['access'];
  readonly options?: Partial<GatewayOptions>;
  /** Adds routes of the gateway's own before it starts. */
  readonly define?: (gateway: Gateway) => void;
  readonly server?: Partial<Omit<HttpServerOptions, 'router' | 'name' | 'fields'>>;
  /** Where the service is. Default: a server of its own. */
  readonly target?: string;
}

/** Tokens of the tests: `ann@acme` is good, anything without an @ is not. */
export const authenticate: Authenticate = async (_ctx, header) => {
  const token = bearerToken(header);
  if (token === undefined) return undefined;
  const [principal = '', tenant] = Buffer.from(token, 'base64url').toString().split('@');
  if (tenant === undefined) throw AuthErrors.INVALID_TOKEN('the token is invalid');
  return { principal, tenant };
};

export const bearer = (who: string) => ({ authorization: `Bearer ${Buffer.from(who).toString('base64url')}` });

export async function startWorld({
  room = {},
  access,
  options,
  define,
  server: serverOptions,
  target,
}: TestWorldOptions = {}): Promise<TestWorld> {
  const reached: Context[] = [];
  const service = createRpcServer({
    name: 'room',
    listener: tcpListener({ port: 0 }),
    services: [implement(RoomService, recorded(reached, room)), implement(SearchService, searchHandlers(reached))],
  });
  const [inner] = await service.start(background());
  const gateway = createGateway({
    name: 'gateway',
    resolver: staticResolver({ room: [target ?? inner!.url] }),
    services: [
      expose(RoomService, { target: 'room', comments, ...(access !== undefined && { access }) }),
      expose(SearchService, {
        target: 'room',
        access: { search: 'public', readFile: 'public', purge: 'public', updateShelf: 'public' },
      }),
    ],
    auth: { authenticate },
    openapi: { title: 'Test', version: '1.0.0' },
    ...options,
  });
  define?.(gateway);
  const server = gateway.server({ listener: tcpListener({ port: 0 }), ...serverOptions });
  const [outer] = await server.start(background());
  return {
    gateway,
    url: outer!.url,
    port: Number(new URL(outer!.url).port),
    reached,
    async [Symbol.asyncDispose]() {
      await stop(server);
      await stop(service);
      gateway[Symbol.dispose]();
    },
  };
}

async function stop(server: Server): Promise<void> {
  using limit = background().withTimeout(2_000);
  await server.stop(limit);
}

/** Handlers that note their Contexts, and answer with what they got. */
function recorded(
  reached: Context[],
  changes: Partial<ServiceHandlers<typeof RoomService>>,
): ServiceHandlers<typeof RoomService> {
  const note = (ctx: Context) => reached.push(ctx);
  return {
    async getRoom(ctx, { id }) {
      note(ctx);
      return { room: { id, title: 'Lounge', viewerCount: 2n ** 53n } };
    },
    async createRoom(ctx, { room }) {
      note(ctx);
      return { ...(room !== undefined && { room }) };
    },
    async closeRoom(ctx, { id, because }) {
      note(ctx);
      return { room: { id, title: because } };
    },
    async *watchRoom(ctx, { count }) {
      note(ctx);
      for (let number = 1; number <= count; number++) yield { number, text: `event ${number}` };
    },
    async uploadMessages() {
      return {};
    },
    async *chat() {},
    ...changes,
  };
}

function searchHandlers(reached: Context[]): ServiceHandlers<typeof SearchService> {
  return {
    async search(ctx, request) {
      reached.push(ctx);
      return { echo: request };
    },
    async updateShelf(ctx, { shelf }) {
      reached.push(ctx);
      return shelf ?? {};
    },
    async readFile(ctx, { path }) {
      reached.push(ctx);
      return { path };
    },
    async purge(ctx, { name }) {
      reached.push(ctx);
      return { name };
    },
    async notExposed() {
      return {};
    },
  };
}
