import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { background, type Context, until } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import type { FrameCodec } from '../framing/frame-codec.ts';
import { rawBytes } from '../framing/raw-bytes.ts';
import { encodeProxyHeader, type ProxyHeaderOptions } from '../proxy-protocol/proxy-header.ts';
import { TcpErrors } from '../tcp-errors.ts';
import { secureClient, type TlsClientOptions } from '../tls/tls-client.ts';
import type { Connection } from './connection.ts';
import { type ConnectionOptions, connectionOptionsOf } from './connection-options.ts';
import { WireConnection } from './wire-connection.ts';

/** Whom to call: a host and port, or the path of a Unix socket. */
export interface DialOptions extends ConnectionOptions {
  /** A name or an address; of a name's addresses several are tried. Default: 127.0.0.1. */
  readonly host?: string;
  /** 1 to 65535. */
  readonly port?: number;
  /** Of a Unix socket, instead of host and port. */
  readonly path?: string;
  /** How long it may take until the connection is there, with its handshake, in milliseconds. Default: 10,000. */
  readonly connectTimeoutMs?: number;
  /** Speaks TLS; `true` for all its defaults. Default: plain. */
  readonly tls?: TlsClientOptions | boolean;
  /** Says first, before TLS too, on whose behalf the call is made. The server must expect it. Default: nothing is said. */
  readonly proxyProtocol?: ProxyHeaderOptions;
}

/** As {@link DialOptions}, with the form of the messages. */
export interface DialFramedOptions<In, Out> extends DialOptions {
  readonly codec: FrameCodec<In, Out>;
}

/**
 * Connects. `ctx` bounds the dialing only: the connection keeps its values, but lives until it is closed, which is up to the
 * caller (`await using`). Without a codec the messages are bytes as they come. Throws CONNECT_FAILED, TLS_FAILED, and
 * `deadline_exceeded` or `canceled`; a RangeError or TypeError for options that do not fit.
 */
export function dial(ctx: Context, options: DialOptions): Promise<Connection<Buffer, Uint8Array | string>>;
export function dial<In, Out>(ctx: Context, options: DialFramedOptions<In, Out>): Promise<Connection<In, Out>>;
export async function dial<In, Out>(
  ctx: Context,
  options: DialOptions & { readonly codec?: FrameCodec<In, Out> },
): Promise<Connection<In, Out>> {
  const { codec = rawBytes() as FrameCodec<unknown, unknown> as FrameCodec<In, Out> } = options;
  const times = connectionOptionsOf('dial', options, 0);
  const socket = await dialSocket(ctx, options);
  return new WireConnection(socket, { codec, times, base: ctx.withoutCancel(), draining: background() });
}

/** The same without messages: a socket of the platform, with its handshake done, which the caller owns. */
export async function dialSocket(ctx: Context, options: DialOptions): Promise<Socket> {
  const { connectTimeoutMs = 10_000, tls = false, proxyProtocol, host = '127.0.0.1' } = options;
  if (!(connectTimeoutMs >= 1))
    throw new RangeError(`dial: connectTimeoutMs is ${connectTimeoutMs}; it must be from 1`);
  const place = placeOf(options);
  const header = proxyProtocol === undefined ? undefined : encodeProxyHeader(proxyProtocol);
  ctx.throwIfDone();
  using bounded = ctx.withTimeout(connectTimeoutMs, `connecting took ${connectTimeoutMs} ms`);
  // Until somebody else listens, an error is told by the close that follows: unheard, it would end the process.
  const plain = connect(place).on('error', ignore);
  const leave = bounded.onDone(() => plain.destroy());
  try {
    await until(bounded, connected(plain, options));
    if (header !== undefined) plain.write(header);
    if (tls === false) return plain;
    return await until(bounded, secureClient(plain, host, tls === true ? {} : tls));
  } catch (error) {
    plain.destroy();
    throw error;
  } finally {
    leave();
  }
}

function connected(socket: Socket, options: DialOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => reject(connectError(cause, options));
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve();
    });
  });
}

const ignore = () => {};

function placeOf(options: DialOptions): NetConnectOpts {
  const { host = '127.0.0.1', port, path, keepAliveMs = 60_000, noDelay = true } = options;
  if (path !== undefined) {
    if (port !== undefined || options.host !== undefined)
      throw new TypeError('dial: a Unix socket has a path, and no host or port');
    return { path };
  }
  if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65535)
    throw new RangeError(`dial: port ${port} is not a whole number from 1 to 65535`);
  return { host, port, noDelay, keepAlive: keepAliveMs > 0, keepAliveInitialDelay: keepAliveMs };
}

function connectError(cause: NodeJS.ErrnoException, { host = '127.0.0.1', port, path }: DialOptions): StatusError {
  // Of a name with several addresses there are several errors; the first says as much as any.
  const first = cause instanceof AggregateError ? (cause.errors[0] as NodeJS.ErrnoException) : cause;
  const to = path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { code = '' } = first;
  return TcpErrors.CONNECT_FAILED(`cannot connect to ${to}: ${first.message}`, { metadata: { code }, cause });
}
