import { setTimeout } from 'node:timers/promises';
import { background, type Context } from 'flotilla/concurrency';
import { StatusError } from 'flotilla/errors';
import { tcpListener } from 'flotilla/net/tcp';
import { createRpcServer, implement } from 'flotilla/rpc';
import { RoomService } from '../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { roomHandlers } from '../../src/rpc/testdata/room-handlers.ts';
import { guardedCaller } from './caller.ts';
import type { Behaviour, Order, Program, Reply } from './messages.ts';

/** RPC servers in one process, each on a port of its own, that behave as the parent tells them. Ends with its parent. */
const program = JSON.parse(process.argv[2] ?? '') as Program;
const next = program.next && guardedCaller(program.next.urls, program.next.guard);
const behaviours = Array.from({ length: program.count }, () => program.behaviour);
const arrived: Record<string, number[]> = {};

async function answer(node: number, ctx: Context, label: string): Promise<void> {
  arrived[label] ??= behaviours.map(() => 0);
  arrived[label][node]!++;
  if (next !== undefined) {
    await next.getRoom(ctx, { id: label });
    return;
  }
  const { failing, code } = behaviours[node]!;
  const tookMs = serviceMs(behaviours[node]!);
  if (tookMs > 0) await setTimeout(tookMs, undefined, { signal: ctx.signal });
  if (Math.random() < failing) throw new StatusError(code, 'this node fails');
}

function serviceMs({ meanMs, sigma, stragglers, stragglerMs }: Behaviour): number {
  if (Math.random() < stragglers) return stragglerMs;
  return meanMs * Math.exp(sigma * normal() - sigma ** 2 / 2);
}

/** Box and Muller's. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

const urls = await Promise.all(
  behaviours.map(async (_, node) => {
    const handlers = {
      ...roomHandlers,
      async getRoom(ctx: Context, { id }: { readonly id: string }) {
        await answer(node, ctx, id);
        return {};
      },
    };
    const server = createRpcServer({
      name: `room-${node}`,
      listener: tcpListener({ port: 0 }),
      services: [implement(RoomService, handlers)],
      // What is measured is the client: on a busy machine a server's own protection would take part.
      guard: false,
    });
    const [endpoint] = await server.start(background());
    return endpoint!.url;
  }),
);

process.on('message', ({ id, behave = {} }: Order) => {
  for (const [node, behaviour] of Object.entries(behave)) behaviours[Number(node)] = behaviour;
  process.send?.({ id, urls, arrived } satisfies Reply);
});
process.once('disconnect', () => process.exit(0));
process.send?.({ id: 0, urls, arrived } satisfies Reply);
