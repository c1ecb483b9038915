import { app, type Main, run } from 'flotilla/app';
import { laneOf } from 'flotilla/call';
import type { Context } from 'flotilla/concurrency';
import { defineErrors } from 'flotilla/errors';
import { createRpcClient, createRpcServer, implement } from 'flotilla/rpc';
import { RoomService } from '../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';

const HopErrors = defineErrors('test.hop', { LEAK: { code: 'internal' }, BROKEN: { code: 'internal' } });

/**
 * A service that checks the lane of every call against its own, and answers with the way that the call took:
 * `middle@blue:blue leaf@:blue`, each hop with its own lane and the call's. With HOP_BROKEN it fails every call.
 */
export const main: Main = async (host) => {
  const { HOP_NAME: name = '', HOP_NEXT: next, HOP_BROKEN: isBroken } = host.env;
  const own = host.lane();
  const local = host.local();
  const network = { resolver: host.resolver(), ...(local && { local }) };
  const client = next === undefined ? undefined : createRpcClient(RoomService, { target: next, ...network });
  const hop = (ctx: Context): string => {
    const lane = laneOf(ctx);
    if (own !== '' && own !== lane) throw HopErrors.LEAK(`${name} of lane "${own}" got a call of lane "${lane}"`);
    if (isBroken !== undefined) throw HopErrors.BROKEN(`${name} of lane "${own}" is broken`);
    return `${name}@${own}:${lane}`;
  };
  const server = createRpcServer({
    name,
    listener: host.listener('rpc', { port: 0 }),
    ...(local && { local }),
    services: [
      implement(RoomService, {
        async getRoom(ctx, { id }) {
          const here = hop(ctx);
          const further = await client?.getRoom(ctx, { id });
          return { room: { id, title: further === undefined ? here : `${here} ${further.room?.title}` } };
        },
        async createRoom(ctx, { room }) {
          const here = hop(ctx);
          const further = room && (await client?.createRoom(ctx, { room }));
          return {
            room: { id: room?.id ?? '', title: further === undefined ? here : `${here} ${further.room?.title}` },
          };
        },
        closeRoom: async () => ({}),
        async *watchRoom() {},
        uploadMessages: async () => ({}),
        async *chat() {},
      }),
    ],
  });
  return app({ name, version: '1.0.0', host, servers: [server], closers: [() => client?.[Symbol.dispose]()] });
};

if (import.meta.main) await run(main);
