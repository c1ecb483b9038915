import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Context } from '../../../concurrency/index.ts';
import type { HttpClientTls } from './client-options.ts';

/** Where a connection goes, and what it remembers between connections. */
export interface Target {
  readonly origin: string;
  readonly isTls: boolean;
  readonly hostname: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  readonly tls: HttpClientTls | undefined;
  /** 0: as long as the Context. */
  readonly connectTimeoutMs: number;
  /** The TLS sessions to resume, by origin; renewed by each connection. */
  readonly sessions: TlsSessions;
  /** The sockets that are being connected: destroying one ends its attempt. */
  readonly dialling: Set<Socket>;
}

/** Sessions by origin, the oldest dropped. */
export class TlsSessions {
  readonly #max: number;
  readonly #sessions = new Map<string, Buffer>();

  constructor(max: number) {
    this.#max = max;
  }

  get(origin: string): Buffer | undefined {
    return this.#sessions.get(origin);
  }

  set(origin: string, session: Buffer): void {
    this.#sessions.delete(origin);
    this.#sessions.set(origin, session);
    if (this.#sessions.size <= this.#max) return;
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.#sessions.delete(oldest);
  }
}

/** A connection that did not come about within `connectTimeoutMs`. */
export class ConnectTimeout extends Error {
  override readonly name = 'ConnectTimeout';
}

/**
 * A connected socket, with TLS where the target says so. Throws the platform's error, or ConnectTimeout; when the Context
 * ends the attempt is given up, and what is thrown says nothing. The platform resolves the name and tries its addresses.
 */
export function dial(ctx: Context, target: Target): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const { connectTimeoutMs } = target;
  const socket = open(target);
  target.dialling.add(socket);
  const settle = (error?: Error) => {
    stop();
    timer?.stop();
    socket.off('close', onClose);
    target.dialling.delete(socket);
    if (error === undefined) return resolve(socket);
    socket.destroy();
    reject(error);
  };
  const onClose = () => settle(new Error('closed while connecting'));
  const stop = ctx.onDone(() => settle(new Error('given up')));
  const timer =
    connectTimeoutMs === 0
      ? undefined
      : ctx.clock.after(connectTimeoutMs, () =>
          settle(new ConnectTimeout(`not connected after ${connectTimeoutMs} ms`)),
        );
  socket.once(target.isTls ? 'secureConnect' : 'connect', () => settle());
  // Stays: an error between here and the first request must not be an uncaught one.
  socket.on('error', settle);
  socket.once('close', onClose);
  return promise;
}

function open(target: Target): Socket {
  const { hostname, port, socketPath } = target;
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const where = socketPath === undefined ? { host, port } : { path: socketPath };
  const socket = target.isTls ? openTls(target, host, where) : connect(where);
  if (socketPath === undefined) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
  }
  return socket;
}

function openTls(target: Target, host: string, where: ConnectionOptions): Socket {
  const { ca, cert, key, passphrase, serverName } = target.tls ?? {};
  // An address is no name to ask for (RFC 6066, section 3).
  const servername = serverName ?? (isIP(host) === 0 ? host : '');
  const options: ConnectionOptions = { ...where, servername, ALPNProtocols: ['http/1.1'] };
  if (ca !== undefined) options.ca = asBuffers(ca);
  if (cert !== undefined) options.cert = asBuffer(cert);
  if (key !== undefined) options.key = asBuffer(key);
  if (passphrase !== undefined) options.passphrase = passphrase;
  const session = target.sessions.get(target.origin);
  if (session !== undefined) options.session = session;
  const socket = connectTls(options);
  socket.on('session', (renewed: Buffer) => target.sessions.set(target.origin, renewed));
  return socket;
}

function asBuffers(list: NonNullable<HttpClientTls['ca']>): (string | Buffer)[] {
  return typeof list === 'string' || list instanceof Uint8Array ? [asBuffer(list)] : list.map(asBuffer);
}

function asBuffer(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
