import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Context, until } from '../../../concurrency/index.ts';
import { telemetryOf } from '../../../observe/index.ts';
import { Intake, type IntakeOptions } from './intake.ts';
import { listenError } from './listen-error.ts';
import type { Listener, ListenerAddress } from './listener.ts';
import { checkUnixPath, removeStaleSocket, setMode } from './unix-path.ts';

/** Either a port or a path. */
export interface TcpListenerOptions extends IntakeOptions {
  /** An address or name of this machine. Default: 127.0.0.1, so that nothing outside the machine reaches it. */
  readonly host?: string;
  /** 0 to 65535; 0 takes any free one. */
  readonly port?: number;
  /**
   * Of a Unix socket, instead of a port. A socket that nobody listens on any more is replaced. Whoever may write to the file
   * may connect: put it into a folder of its users, or give a `mode`. A zero byte in front makes a name without a file (Linux).
   */
  readonly path?: string;
  /** Of the file of a Unix socket: `0o660`. Default: what the process's umask leaves. */
  readonly mode?: number;
  /** Lets several processes listen on the same port; the kernel spreads connections over them. Default: false. */
  readonly reusePort?: boolean;
}

/** A listener that may hold certificates. */
export interface TcpListener extends Listener {
  /**
   * Reads the certificates anew; open connections keep theirs. Throws CERTIFICATE_UNUSABLE, and keeps the old ones, if they
   * cannot be used. Does nothing without TLS.
   */
  reload(): Promise<void>;
}

/** How long connections whose handshake or header is on its way may take for it once no more are accepted. */
const stopGraceMs = 500;

/**
 * A port or Unix socket of one's own, with what a connection goes through before a server has it: limits, the header of a
 * trusted proxy, TLS. `start` throws `already_exists` (ADDRESS_IN_USE), `permission_denied` (PORT_NOT_PERMITTED),
 * `invalid_argument` (ADDRESS_NOT_AVAILABLE, CERTIFICATE_UNUSABLE) or `unimplemented` (REUSE_PORT_UNSUPPORTED), each with what
 * to do. On the unspecified address (0.0.0.0 or ::) it answers with the first address that other machines can reach. `stop`
 * waits half a second for connections that have begun a handshake. Throws a RangeError or TypeError for options that do not fit.
 */
export function tcpListener(options: TcpListenerOptions): TcpListener {
  checkPlace(options);
  const { host = '127.0.0.1', port = 0, path, mode, reusePort = false } = options;
  const intake = new Intake('tcpListener', options);
  let server: Server | undefined;
  let isStopped = false;
  return {
    async start(ctx, onConnection) {
      if (server !== undefined || isStopped)
        throw new TypeError('tcpListener: start was called twice; make a new listener');
      const opened = createServer({ noDelay: true, keepAlive: true }, intake.isPlain ? onConnection : intake.accept);
      server = opened;
      // A name is looked up first, so the port may open after the start was given up.
      server.once('listening', () => isStopped && opened.close());
      try {
        await until(ctx, intake.start(ctx, onConnection));
        if (path !== undefined) await until(ctx, removeStaleSocket(path));
        ctx.throwIfDone();
        await until(ctx, listen(server, path === undefined ? { host, port, reusePort } : { path }, ctx));
        if (path !== undefined) await setMode(path, mode);
        return addressOf(server, path, options.tls !== undefined);
      } catch (error) {
        isStopped = true;
        server.close();
        await intake.stop(0);
        throw error;
      }
    },
    async stop() {
      isStopped = true;
      // The callback of close() would wait for the connections; the port itself is released at once.
      server?.close();
      await intake.stop(stopGraceMs);
    },
    reload: () => intake.reload(),
  };
}

/** The same way for connections that another listener gives: of a supervisor. */
export function throughIntake(where: string, inner: Listener, options: IntakeOptions): TcpListener {
  const intake = new Intake(where, options);
  return {
    async start(ctx, onConnection) {
      await intake.start(ctx, onConnection);
      const address = await inner.start(ctx, intake.isPlain ? onConnection : intake.accept);
      return options.tls === undefined ? address : { ...address, isSecure: true };
    },
    async stop() {
      await inner.stop();
      await intake.stop(stopGraceMs);
    },
    reload: () => intake.reload(),
  };
}

function checkPlace({ port, path, host, reusePort, mode }: TcpListenerOptions): void {
  if (path !== undefined) {
    if (port !== undefined || host !== undefined || reusePort === true)
      throw new TypeError('tcpListener: a Unix socket has a path, and no host, port or reusePort');
    checkUnixPath('tcpListener', path);
    return;
  }
  if (mode !== undefined) throw new TypeError('tcpListener: a port has no mode; it is for the path of a Unix socket');
  if (port === undefined || !Number.isInteger(port) || port < 0 || port > 65535)
    throw new RangeError(`tcpListener: port ${port} is not a whole number from 0 to 65535 (0 takes any free port)`);
}

function listen(server: Server, place: ListenOptions, ctx: Context): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(error, place));
    server.once('error', fail);
    server.listen({ ...place, backlog: 4096 }, () => {
      server.off('error', fail);
      // Later errors are failed accepts (no file descriptors left): the listener goes on, and so must the process.
      server.on('error', (error) => telemetryOf(ctx).log.warn(ctx, 'a connection could not be accepted', { error }));
      resolve();
    });
  });
}

function addressOf(server: Server, path: string | undefined, isSecure: boolean): ListenerAddress {
  const secure = isSecure ? { isSecure } : {};
  if (path !== undefined) return { host: 'localhost', port: 0, path, ...secure };
  const { address, port } = server.address() as AddressInfo;
  return { host: reachable(address), port, ...secure };
}

function reachable(address: string): string {
  if (address !== '0.0.0.0' && address !== '::') return address;
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((entry) => !entry.internal && entry.family === 'IPv4')?.address ?? '127.0.0.1';
}
