import type { Socket } from 'node:net';
import type { Context } from '../../../concurrency/index.ts';
import { telemetryOf } from '../../../observe/index.ts';
import { remoteAddressOf, tellAddresses } from '../address/net-address.ts';
import { ConnectionLimits } from '../connection/connection-limits.ts';
import { FirstBytes, type Unheard } from '../first-bytes/first-bytes.ts';
import { maxProxyHeaderBytes, type ParsedProxyHeader, parseProxyHeader } from '../proxy-protocol/proxy-header.ts';
import { type ProxyProtocolOptions, type TrustedSources, trustedSources } from '../proxy-protocol/trusted-sources.ts';
import { TlsGate } from '../tls/tls-gate.ts';
import type { TlsServerOptions } from '../tls/tls-server-options.ts';

/** What a connection goes through before a server gets it. */
export interface IntakeOptions {
  /** Connections that are open, those in their handshake too; further ones are closed at once. Default: no limit. */
  readonly maxConnections?: number;
  /**
   * The same for one client: an IPv4 address, or an IPv6 network of 64 bits; all of Unix sockets are one. Behind a proxy that
   * does not say whom it serves, all clients are one. Default: no limit.
   */
  readonly maxConnectionsPerAddress?: number;
  /** Takes the client's address from the header that trusted proxies send. Default: nobody is believed. */
  readonly proxyProtocol?: ProxyProtocolOptions;
  /** Speaks TLS: the server gets a TLSSocket whose handshake is done. Default: plain. */
  readonly tls?: TlsServerOptions;
}

/**
 * The way of a connection from the port to the server: limits, then the proxy's header, then the limit of the client that it
 * names, then TLS. Cheap refusals come first, and each is counted.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #limits: ConnectionLimits | undefined;
  readonly #trusted: TrustedSources | undefined;
  readonly #gate: TlsGate | undefined;
  #ctx: Context | undefined;
  #headers: FirstBytes<ParsedProxyHeader> | undefined;
  #onConnection: (socket: Socket) => void = (socket) => socket.destroy();

  /** Throws a RangeError for options out of their range and a TypeError for TLS options that do not fit together. */
  constructor(where: string, options: IntakeOptions) {
    const { maxConnections = Infinity, maxConnectionsPerAddress = Infinity, proxyProtocol, tls } = options;
    checkLimit(`${where}: maxConnections`, maxConnections);
    checkLimit(`${where}: maxConnectionsPerAddress`, maxConnectionsPerAddress);
    this.#options = options;
    if (maxConnections !== Infinity || maxConnectionsPerAddress !== Infinity)
      this.#limits = new ConnectionLimits(maxConnections, maxConnectionsPerAddress);
    this.#trusted = proxyProtocol === undefined ? undefined : trustedSources(where, proxyProtocol);
    this.#gate = tls === undefined ? undefined : new TlsGate(where, tls);
  }

  /** Whether connections are handed on as they are. */
  get isPlain(): boolean {
    return this.#limits === undefined && this.#trusted === undefined && this.#gate === undefined;
  }

  /** Connections on their way. */
  get pending(): number {
    return (this.#headers?.pending ?? 0) + (this.#gate?.pending ?? 0);
  }

  /** Loads the certificates. `ctx` carries clock and telemetry. Throws CERTIFICATE_UNUSABLE. */
  async start(ctx: Context, onConnection: (socket: Socket) => void): Promise<void> {
    this.#onConnection = onConnection;
    if (this.isPlain) return;
    this.#ctx = ctx;
    await this.#gate?.start(ctx, onConnection, (error) => this.#refuse('tls_handshake', error));
    if (this.#trusted === undefined) return;
    this.#headers = new FirstBytes({
      clock: ctx.clock,
      timeoutMs: this.#options.proxyProtocol?.timeoutMs ?? 3_000,
      maxBytes: maxProxyHeaderBytes,
      decide(bytes) {
        const header = parseProxyHeader(bytes);
        return header === undefined ? undefined : { value: header, taken: header.bytes };
      },
      onDecided: (socket, header) => this.#passedOn(socket, header),
      onUnheard: (_, why, error) => this.#refuse(`proxy_header_${why satisfies Unheard}`, error),
    });
  }

  /** Takes the socket over. */
  readonly accept = (socket: Socket): void => {
    // It would be counted for ever: its end has been told.
    if (socket.destroyed) return;
    if (this.#limits !== undefined && !this.#enter(socket, this.#limits)) return;
    const headers = this.#headers;
    if (headers === undefined) {
      this.#identified(socket);
      return;
    }
    const address = remoteAddressOf(socket);
    // Without an address it has gone already, and nobody can say whether a header was due.
    if (address === undefined) socket.destroy();
    else if (this.#trusted?.has(address)) headers.accept(socket);
    else this.#identified(socket);
  };

  /** Reads the certificates anew. Throws CERTIFICATE_UNUSABLE and keeps the old ones if they cannot be used. */
  async reload(): Promise<void> {
    await this.#gate?.reload();
  }

  /** Lets what is on its way arrive for `graceMs`, then closes it. */
  async stop(graceMs: number): Promise<void> {
    const clock = this.#ctx?.clock;
    if (clock !== undefined && this.pending > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = clock.after(graceMs, resolve);
      await Promise.race([promise, this.#settled()]);
      timer.stop();
    }
    this.#headers?.close();
    this.#gate?.close();
  }

  async #settled(): Promise<void> {
    // One after the other: what has said who it is goes on to TLS.
    await this.#headers?.settled();
    await this.#gate?.settled();
  }

  #enter(socket: Socket, limits: ConnectionLimits): boolean {
    const refusal = limits.enter();
    if (refusal !== undefined) {
      socket.destroy();
      this.#refuse(refusal, undefined);
      return false;
    }
    socket.once('close', () => limits.leave());
    return true;
  }

  #passedOn(socket: Socket, { source, destination }: ParsedProxyHeader): void {
    if (source !== undefined && destination !== undefined) tellAddresses(socket, { source, destination });
    this.#identified(socket);
  }

  /** It is known whose connection it is. */
  #identified(socket: Socket): void {
    if (this.#limits !== undefined && !this.#enterClient(socket, this.#limits)) return;
    if (this.#gate === undefined) this.#onConnection(socket);
    else this.#gate.accept(socket);
  }

  #enterClient(socket: Socket, limits: ConnectionLimits): boolean {
    if (this.#options.maxConnectionsPerAddress === undefined) return true;
    const entered = limits.enterClient(remoteAddressOf(socket));
    if (typeof entered === 'object') {
      socket.once('close', () => limits.leaveClient(entered));
      return true;
    }
    socket.destroy();
    this.#refuse(entered, undefined);
    return false;
  }

  #refuse(reason: string, error: unknown): void {
    if (this.#ctx !== undefined) countRefusal(this.#ctx, reason, error);
  }
}

/** A connection was closed that no server had. */
export function countRefusal(ctx: Context, reason: string, error: unknown): void {
  const { log, metrics } = telemetryOf(ctx);
  const refused = metrics.counter('tcp.connections.refused', {
    description: 'Connections that were closed before a server had them.',
    unit: '{connection}',
    labels: ['reason'],
  });
  refused.with({ reason }).add();
  log.debug(ctx, 'a connection was refused', { reason, ...(error !== undefined && { error }) });
}

function checkLimit(name: string, value: number): void {
  if (value === Infinity || (Number.isInteger(value) && value >= 1)) return;
  throw new RangeError(`${name} is ${value}; it must be a whole number from 1`);
}
