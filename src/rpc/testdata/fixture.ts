import { background, type Context } from '../../concurrency/index.ts';
import { staticResolver } from '../../discovery/index.ts';
import { tcpListener } from '../../net/tcp/index.ts';
import { createRpcClient, type RpcClient, type RpcClientOptions } from '../client.ts';
import { type ImplementOptions, implement } from '../implementation.ts';
import { createRpcServer, type RpcServerOptions } from '../server.ts';
import { RoomService } from './gen/flotilla/test/v1/room_pb.ts';
import { type RoomHandlers, roomHandlers } from './room-handlers.ts';

/** What a test changes of the service, its server and its client. */
export interface FixtureOptions {
  readonly handlers?: Partial<RoomHandlers>;
  readonly service?: ImplementOptions<typeof RoomService>;
  readonly server?: Partial<RpcServerOptions>;
  readonly client?: Partial<RpcClientOptions<typeof RoomService>>;
  /** What the server is started with. Default: background(). */
  readonly ctx?: Context;
}

export interface Fixture extends AsyncDisposable {
  readonly client: RpcClient<typeof RoomService>;
  /** Drains until the Context is done. */
  stop(ctx: Context): Promise<void>;
}

/** How a contract suite gets a client and its server. */
export type Connect = (options?: FixtureOptions) => Promise<Fixture>;

/** A server on a port of its own, and a client of it. */
export async function networkFixture({
  handlers,
  service,
  server,
  client,
  ctx = background(),
}: FixtureOptions = {}): Promise<Fixture & { readonly url: string }> {
  const running = createRpcServer({
    listener: tcpListener({ port: 0 }),
    name: 'room',
    services: [implement(RoomService, { ...roomHandlers, ...handlers }, service)],
    ...server,
  });
  const [endpoint] = await running.start(ctx);
  const url = endpoint?.url ?? '';
  const caller = createRpcClient(RoomService, { target: 'room', resolver: staticResolver({ room: [url] }), ...client });
  return {
    client: caller,
    url,
    stop: (until) => running.stop(until),
    async [Symbol.asyncDispose]() {
      caller[Symbol.dispose]();
      await running.stop(background().withTimeout(0));
    },
  };
}
