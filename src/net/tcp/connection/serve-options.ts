import type { Context } from '../../../concurrency/index.ts';
import type { FrameCodec } from '../framing/frame-codec.ts';
import { rawBytes } from '../framing/raw-bytes.ts';
import type { Listener } from '../listener/listener.ts';
import { type TcpListenerOptions, tcpListener, throughIntake } from '../listener/tcp-listener.ts';
import type { Connection } from './connection.ts';
import { type ConnectionLimitsMs, type ConnectionOptions, connectionOptionsOf } from './connection-options.ts';

/** A port or path as {@link tcpListener} takes it, or a listener that is there already. */
export interface ServeOptions<In, Out> extends ConnectionOptions, TcpListenerOptions {
  /** In logs and metrics, and as the endpoint is registered. */
  readonly name: string;
  /** The form of the messages. */
  readonly codec: FrameCodec<In, Out>;
  /** Called once for each connection. See {@link serve} for what its end means. */
  readonly handler: (ctx: Context, connection: Connection<In, Out>) => Promise<void>;
  /** Gives the connections, instead of a host, port or path. `tls` and `proxyProtocol` are for what it gives. */
  readonly listener?: Listener;
  /** Further ones are closed at once. Default: 10,000. */
  readonly maxConnections?: number;
  /**
   * How long reads go on once the server stops, so that peers can leave by themselves, in milliseconds; Infinity: until the
   * end. Default: 250.
   */
  readonly drainGraceMs?: number;
}

/** With the bytes as they come. */
export type ServeRawOptions = Omit<ServeOptions<Buffer, Uint8Array | string>, 'codec'> & { readonly codec?: undefined };

export interface ServeLimits {
  readonly times: ConnectionLimitsMs;
  readonly maxConnections: number;
  readonly drainGraceMs: number;
}

const defaultMaxConnections = 10_000;

/** Throws a RangeError that names the option and its range. */
export function serveLimitsOf(options: ConnectionOptions & LimitOptions): ServeLimits {
  const { drainGraceMs = 250, maxConnections = defaultMaxConnections } = options;
  if (!(Number.isInteger(maxConnections) && maxConnections >= 1))
    throw new RangeError(`serve: maxConnections is ${maxConnections}; it must be a whole number from 1`);
  if (!(drainGraceMs >= 0)) throw new RangeError(`serve: drainGraceMs is ${drainGraceMs}; it must be from 0`);
  return { times: connectionOptionsOf('serve', options, 120_000), maxConnections, drainGraceMs };
}

interface LimitOptions {
  readonly maxConnections?: number;
  readonly drainGraceMs?: number;
}

/** Where the connections come from. */
export function serveListener(options: TcpListenerOptions & { readonly listener?: Listener }): Listener {
  const { listener, maxConnections = defaultMaxConnections, ...rest } = options;
  // The server counts those that it has. Only where something stands before it must they be counted there.
  const isGuarded = options.tls !== undefined || options.proxyProtocol !== undefined;
  const intake = isGuarded ? { ...rest, maxConnections } : rest;
  if (listener === undefined) return tcpListener(intake);
  const { host, port, path, mode, reusePort } = options;
  if ([host, port, path, mode, reusePort].some((given) => given !== undefined))
    throw new TypeError('serve: a listener has its own place; leave out host, port, path, mode and reusePort');
  return throughIntake('serve', listener, intake);
}

/** The codec, or bytes as they come. */
export function codecOf<In, Out>(codec: FrameCodec<In, Out> | undefined): FrameCodec<In, Out> {
  // Without a codec the types say Buffer and bytes: see the overloads.
  return codec ?? (rawBytes() as unknown as FrameCodec<In, Out>);
}
