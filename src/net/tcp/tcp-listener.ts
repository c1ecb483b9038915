import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Context, until } from '../../concurrency/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import { listenError } from './listen-error.ts';
import type { Listener, ListenerAddress } from './listener.ts';

export interface TcpListenerOptions {
  /** An address or name of this machine. Default: 127.0.0.1, so that nothing outside the machine reaches it. */
  readonly host?: string;
  /** 0 to 65535; 0 takes any free one. */
  readonly port: number;
  /** Lets several processes listen on the same port; the kernel spreads connections over them. Default: false. */
  readonly reusePort?: boolean;
}

/**
 * A port of one's own. `start` throws `already_exists` (ADDRESS_IN_USE), `permission_denied` (PORT_NOT_PERMITTED),
 * `invalid_argument` (ADDRESS_NOT_AVAILABLE) or `unimplemented` (REUSE_PORT_UNSUPPORTED), each with what to do. On the
 * unspecified address (0.0.0.0 or ::) it answers with the first address that other machines can reach.
 */
export function tcpListener(options: TcpListenerOptions): Listener {
  const { host = '127.0.0.1', port, reusePort = false } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`tcpListener: port ${port} is not a whole number from 0 to 65535 (0 takes any free port)`);
  }
  let server: Server | undefined;
  let stopped = false;
  return {
    async start(ctx, onConnection) {
      if (server !== undefined || stopped)
        throw new TypeError('tcpListener: start was called twice; make a new listener');
      const opened = createServer({ noDelay: true, keepAlive: true }, onConnection);
      server = opened;
      // A name is looked up first, so the port may open after the start was given up.
      server.once('listening', () => stopped && opened.close());
      try {
        return await until(ctx, listen(server, { host, port, reusePort }, ctx));
      } catch (error) {
        stopped = true;
        server.close();
        throw error;
      }
    },
    async stop() {
      stopped = true;
      // The callback of close() would wait for the connections; the port itself is released at once.
      server?.close();
    },
  };
}

function listen(server: Server, options: Required<TcpListenerOptions>, ctx: Context): Promise<ListenerAddress> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(error, options));
    server.once('error', fail);
    server.listen({ ...options, backlog: 511 }, () => {
      server.off('error', fail);
      // Later errors are failed accepts (no file descriptors left): the listener goes on, and so must the process.
      server.on('error', (error) => telemetryOf(ctx).log.warn(ctx, 'a connection could not be accepted', { error }));
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: reachable(address), port });
    });
  });
}

function reachable(address: string): string {
  if (address !== '0.0.0.0' && address !== '::') return address;
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((entry) => !entry.internal && entry.family === 'IPv4')?.address ?? '127.0.0.1';
}
