import { background } from '../../concurrency/index.ts';
import { staticResolver } from '../../discovery/index.ts';
import { tcpListener } from '../../net/tcp/index.ts';
import { createRpcClient } from '../client.ts';
import { implement } from '../implementation.ts';
import type { Fixture, FixtureOptions } from '../rpc.contract.ts';
import { createRpcServer } from '../server.ts';
import { RoomService } from './gen/flotilla/test/v1/room_pb.ts';
import { roomHandlers } from './room-handlers.ts';

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
