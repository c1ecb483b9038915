import { app, type Main, run } from 'flotilla/app';
import { createGateway, expose, laneRules } from 'flotilla/edge/gateway';
import { RoomService } from '../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';

/** The door of the fleet: open to every lane, closed to nobody. */
export const main: Main = async (host) => {
  const gateway = createGateway({
    name: 'gate',
    resolver: host.resolver(),
    local: host.local(),
    registry: host.registry(),
    fields: laneRules(host.env),
    services: [expose(RoomService, { target: 'middle' })],
    auth: { authenticate: async () => undefined, access: 'public' },
    openapi: { title: 'Lanes', version: '1.0.0' },
  });
  const server = gateway.server({ listener: host.listener('http', { port: 8080 }) });
  return app({ name: 'gate', version: '1.0.0', host, servers: [server], closers: [() => gateway[Symbol.dispose]()] });
};

if (import.meta.main) await run(main);
