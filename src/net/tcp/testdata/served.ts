import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type CancelContext, type Context, rootContext } from '../../../concurrency/index.ts';
import { type VirtualClock, virtualClock } from '../../../testing/index.ts';
import type { Connection } from '../connection/connection.ts';
import { serve, type TcpServer } from '../connection/serve.ts';
import type { ServeOptions } from '../connection/serve-options.ts';
import type { FrameCodec } from '../framing/frame-codec.ts';
import { lines } from '../framing/lines.ts';
import type { Listener } from '../listener/listener.ts';
import { tcpListener } from '../listener/tcp-listener.ts';

export interface Served<In, Out> extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly ctx: CancelContext;
  readonly server: TcpServer;
  readonly port: number;
  /** The sockets of the server, in their order. */
  readonly accepted: Socket[];
  /** What went through the log at level error. */
  readonly errors: unknown[];
  /** A plain client, connected, and its connection in the server. */
  connect(): Promise<Peer<In, Out>>;
}

export interface Peer<In, Out> {
  readonly peer: Socket;
  readonly connection: Connection<In, Out>;
  /** Lets the handler return. */
  readonly release: () => void;
}

/** A server whose handlers wait until they are told, and plain sockets as its clients; its clock stands still. */
export async function served<In = string, Out = string>(
  options: Partial<ServeOptions<In, Out>> = {},
): Promise<Served<In, Out>> {
  const clock = virtualClock();
  const ctx = rootContext(clock).withCancel();
  const accepted: Socket[] = [];
  const peers: Socket[] = [];
  const arrived: Omit<Peer<In, Out>, 'peer'>[] = [];
  const waiting: ((arrival: Omit<Peer<In, Out>, 'peer'>) => void)[] = [];
  const server = serve<In, Out>({
    name: 'test',
    codec: lines({ maxBytes: 1 << 20 }) as FrameCodec<unknown, unknown> as FrameCodec<In, Out>,
    listener: watched(tcpListener({ port: 0 }), accepted),
    async handler(_, connection) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const arrival = { connection, release: resolve };
      const taker = waiting.shift();
      if (taker === undefined) arrived.push(arrival);
      else taker(arrival);
      await promise;
    },
    ...options,
  });
  const [endpoint] = await server.start(ctx);
  const port = Number(new URL(endpoint!.url).port);
  return {
    clock,
    ctx,
    server,
    port,
    accepted,
    errors: [],
    async connect() {
      const peer = connect(port, '127.0.0.1').setNoDelay(true);
      peers.push(peer);
      peer.on('error', () => {});
      const arrival =
        arrived.shift() ?? (await new Promise<Omit<Peer<In, Out>, 'peer'>>((resolve) => waiting.push(resolve)));
      if (peer.connecting) await once(peer, 'connect');
      return { peer, ...arrival };
    },
    async [Symbol.asyncDispose]() {
      ctx.cancel();
      for (const socket of [...peers, ...accepted]) socket.destroy();
      await server.stop(ctx);
    },
  };
}

function watched(listener: Listener, accepted: Socket[]): Listener {
  return {
    start: (ctx: Context, onConnection) =>
      listener.start(ctx, (socket) => {
        accepted.push(socket);
        onConnection(socket);
      }),
    stop: () => listener.stop(),
  };
}

/** So many turns of the loop: for what must not happen meanwhile. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits turn by turn until it holds. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** What the socket receives until its end. */
export async function textOf(socket: Socket): Promise<string> {
  return Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString();
}
