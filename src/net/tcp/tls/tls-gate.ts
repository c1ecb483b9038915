import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Context, Timer } from '../../../concurrency/index.ts';
import { telemetryOf } from '../../../observe/index.ts';
import { CertificateSet } from './certificate-set.ts';
import { checkTlsServerOptions, type TlsServerOptions } from './tls-server-options.ts';

export interface TlsGateHandlers {
  /** The handshake is done. `plain` is the socket below, undefined for Unix sockets. */
  readonly onSecure: (socket: TLSSocket, plain: Socket | undefined) => void;
  /** It failed, or took too long; the connection is closed. */
  readonly onFailed: (error: Error) => void;
}

/** Makes secure connections of plain ones, in a server. */
export class TlsGate {
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

  /** Loads the certificates, and from then on looks for new ones. Throws CERTIFICATE_UNUSABLE. */
  async start(ctx: Context, { onSecure, onFailed }: TlsGateHandlers): Promise<void> {
    const certificates = this.#certificates;
    const { clientCertificate = 'none', alpnProtocols, handshakeTimeoutMs = 10_000 } = this.#options;
    await certificates.load();
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
      onSecure(socket, plain);
    });
    server.on('tlsClientError', (error, socket) => {
      socket.destroy();
      onFailed(error);
    });
    this.#ctx = ctx;
    this.#server = server;
    this.#watch(ctx);
  }

  /** Takes the socket over; bytes of it that were read must be back in its buffer. */
  accept(socket: Socket): void {
    if (this.#server === undefined) {
      socket.destroy();
      return;
    }
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

  /** Reads the certificates anew. Throws CERTIFICATE_UNUSABLE, and then keeps those that it has. */
  async reload(): Promise<void> {
    const hasChanged = await this.#certificates.load();
    if (!hasChanged || this.#server === undefined || this.#ctx === undefined) return;
    // Open connections keep what they were made with.
    this.#server.setSecureContext(this.#certificates.fallback);
    telemetryOf(this.#ctx).log.info(this.#ctx, 'new certificates are in use');
  }

  /** Resolves when no handshake goes on. For one waiter. */
  settled(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenNone = resolve;
    });
  }

  /** Closes the connections whose handshake goes on, and looks for no more certificates. */
  close(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    this.#ctx = undefined;
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
