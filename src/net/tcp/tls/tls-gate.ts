import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Context, Timer } from '../../../concurrency/index.ts';
import { telemetryOf } from '../../../observe/index.ts';
import { passAddresses } from '../address/net-address.ts';
import { CertificateSet } from './certificate-set.ts';
import { checkTlsServerOptions, type TlsServerOptions } from './tls-server-options.ts';

/** See {@link tlsUpgrade}. */
export interface TlsUpgrade {
  /**
   * Loads the certificates, and from then on looks for new ones. `onSecure` owns the socket, whose handshake is done;
   * `onFailed` hears of handshakes that failed or took too long, whose connections are closed. Throws CERTIFICATE_UNUSABLE.
   */
  start(ctx: Context, onSecure: (socket: TLSSocket) => void, onFailed?: (error: Error) => void): Promise<void>;
  /** Takes a plain socket over; what was read of it must be back in its buffer. Before `start` and after `close` it is closed. */
  accept(socket: Socket): void;
  /** Reads the certificates anew; open connections keep theirs. Throws CERTIFICATE_UNUSABLE, and then keeps the old ones. */
  reload(): Promise<void>;
  /** Closes the connections whose handshake goes on, and looks for no more certificates. Secure ones live on. */
  close(): void;
}

/**
 * Makes secure connections of plain ones, in a server: for a port on which both are spoken, or a protocol that turns to TLS
 * half-way. Where all of a port is TLS, give `tls` to the listener. Throws a TypeError or RangeError for options that do not fit.
 */
export function tlsUpgrade(options: TlsServerOptions): TlsUpgrade {
  return new TlsGate('tlsUpgrade', options);
}

export class TlsGate implements TlsUpgrade {
  readonly #options: TlsServerOptions;
  readonly #certificates: CertificateSet;
  /** Plain sockets in their handshake, by their ends: the platform does not say which one a secure socket was made of. */
  readonly #pending = new Map<string, Socket>();
  #ctx: Context | undefined;
  #server: Server | undefined;
  #timer: Timer | undefined;
  #whenNone: (() => void) | undefined;

  /** Throws a TypeError or RangeError for options that do not fit. */
  constructor(where: string, options: TlsServerOptions) {
    checkTlsServerOptions(where, options);
    this.#options = options;
    this.#certificates = new CertificateSet(options);
  }

  /** Handshakes that go on. Those of Unix sockets are not counted. */
  get pending(): number {
    return this.#pending.size;
  }

  async start(
    ctx: Context,
    onSecure: (socket: TLSSocket) => void,
    onFailed: (error: Error) => void = ignore,
  ): Promise<void> {
    const certificates = this.#certificates;
    const { clientCertificate = 'none', alpnProtocols, handshakeTimeoutMs = 10_000 } = this.#options;
    await certificates.load();
    this.#warnOfOutdated(ctx);
    const server = createServer({
      ...certificates.fallback,
      requestCert: clientCertificate !== 'none',
      rejectUnauthorized: clientCertificate === 'required',
      handshakeTimeout: handshakeTimeoutMs,
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
      ...(alpnProtocols !== undefined && { ALPNProtocols: [...alpnProtocols] }),
    });
    server.on('secureConnection', (socket) => {
      const plain = this.#leave(endsOf(socket));
      if (plain !== undefined) passAddresses(plain, socket);
      onSecure(socket);
    });
    server.on('tlsClientError', (error, socket) => {
      socket.destroy();
      onFailed(error);
    });
    this.#ctx = ctx;
    this.#server = server;
    this.#watch(ctx);
  }

  accept(socket: Socket): void {
    if (this.#server === undefined) {
      socket.destroy();
      return;
    }
    if (socket.destroyed) return;
    const ends = endsOf(socket);
    if (ends !== undefined) {
      this.#pending.set(ends, socket);
      socket.once('close', () => {
        if (this.#pending.get(ends) === socket) this.#leave(ends);
      });
    }
    // What goes wrong below is told by the secure socket.
    socket.on('error', ignore);
    this.#server.emit('connection', socket);
  }

  async reload(): Promise<void> {
    const hasChanged = await this.#certificates.load();
    if (!hasChanged || this.#server === undefined || this.#ctx === undefined) return;
    // Open connections keep what they were made with.
    this.#server.setSecureContext(this.#certificates.fallback);
    telemetryOf(this.#ctx).log.info(this.#ctx, 'new certificates are in use');
    this.#warnOfOutdated(this.#ctx);
  }

  /** Clients refuse it, and tell only themselves why. */
  #warnOfOutdated(ctx: Context): void {
    // By the calendar: a Context's clock has an origin of its own.
    for (const what of this.#certificates.outdated(Date.now()))
      telemetryOf(ctx).log.warn(ctx, `a certificate is not valid now: ${what}; clients will refuse it`);
  }

  /** Resolves when no handshake goes on. For one waiter. */
  settled(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenNone = resolve;
    });
  }

  close(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    this.#ctx = undefined;
    this.#server = undefined;
    for (const socket of [...this.#pending.values()]) socket.destroy();
  }

  #leave(ends: string | undefined): Socket | undefined {
    if (ends === undefined) return undefined;
    const socket = this.#pending.get(ends);
    this.#pending.delete(ends);
    if (this.#pending.size === 0) this.#whenNone?.();
    return socket;
  }

  /** By looking, not by notices of the file system: those miss what is mounted, linked or renamed into place. */
  #watch(ctx: Context): void {
    const { reloadMs = 60_000 } = this.#options;
    if (reloadMs === 0 || !this.#certificates.hasFiles) return;
    this.#timer = ctx.clock.after(reloadMs, () => {
      this.reload()
        .catch((error: unknown) => {
          telemetryOf(ctx).log.warn(ctx, 'the certificates could not be reloaded; the old ones stay in use', { error });
        })
        .finally(() => {
          if (this.#ctx !== undefined) this.#watch(ctx);
        });
    });
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

const ignore = () => {};
