import type { Socket } from 'node:net';
import type { Context } from '../../../concurrency/index.ts';

/** Where clients reach a listener. */
export interface ListenerAddress {
  /** `localhost` for a Unix socket. */
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  /** Of a Unix socket. Default: it is none. */
  readonly path?: string;
  /** Whether clients must speak TLS. Default: false. */
  readonly isSecure?: boolean;
}

/** Where a server's connections come from: a port of its own, or sockets handed over by a supervisor. */
export interface Listener {
  /**
   * Starts handing connections to `onConnection`, which owns each socket from then on. Resolves with the address that
   * clients use. `ctx` bounds the start and carries the telemetry; its end does not stop the listener. Once only.
   */
  start(ctx: Context, onConnection: (socket: Socket) => void): Promise<ListenerAddress>;
  /** Accepts no more. Connections already handed over live on. May be called twice, also before `start`. */
  stop(): Promise<void>;
}

/**
 * The URL of a listener: `http://127.0.0.1:80`, with TLS `https://…`, or `http+unix://%2Frun%2Fx.sock` for a Unix socket.
 * `scheme` is that without TLS.
 */
export function urlOf({ host, port, path, isSecure = false }: ListenerAddress, scheme: string): string {
  const secured = isSecure ? (secureSchemes[scheme] ?? `${scheme}s`) : scheme;
  if (path !== undefined) return `${secured}+unix://${encodeURIComponent(path)}`;
  return `${secured}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const secureSchemes: Readonly<Record<string, string>> = { tcp: 'tls' };
