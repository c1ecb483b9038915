import {
  type ClientGuard,
  type ClientGuardOptions,
  clientGuard,
  guardDefaults,
  type Middleware,
} from '../../../service/index.ts';
import type { HttpMethod } from '../request.ts';
import type { HttpTarget } from './target.ts';

export interface HttpClientOptions {
  /** What relative addresses are resolved against. Default: none; every address must then be whole. */
  readonly baseUrl?: string;
  /**
   * Whom calls with a relative address go to, each try to one of its servers: `httpTarget` of `flotilla/discovery` makes it, and the
   * client closes it. In place of `baseUrl`. Default: none.
   */
  readonly target?: HttpTarget;
  /**
   * The longest a call may take, with its body (a stream: until its head has come); the earlier of this and the Context's
   * deadline holds; 0: no limit of its own. Default: 15,000.
   */
  readonly timeoutMs?: number;
  /** How long making a connection may take, with DNS and TLS; 0: as long as the call. Default: 5,000. */
  readonly connectTimeoutMs?: number;
  /** The largest body of an answer, as it came and decompressed. Streams have no limit. Default: 4 MiB. */
  readonly maxResponseBytes?: number;
  /** The largest head of an answer, and the largest trailer. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** Connections to one server, in use and idle. Default: 256. */
  readonly maxConnectionsPerOrigin?: number;
  /** Calls that wait for a connection to one server; more fail at once with `resource_exhausted`. Default: 1,024. */
  readonly maxQueuedPerOrigin?: number;
  /** Servers with open connections. A further one takes the place of an idle one, or fails with `resource_exhausted`. Default: 256. */
  readonly maxOrigins?: number;
  /** How long an idle connection is kept; a server's `Keep-Alive: timeout` may make it shorter; 0: each call has its own. Default: 4,000. */
  readonly keepAliveMs?: number;
  /** Whether compressed answers are asked for and decompressed (gzip, br, zstd, deflate). Default: true. */
  readonly decompress?: boolean;
  /**
   * How many redirects a GET or HEAD may follow. Headers of another origin's business (authorization, cookies, the
   * travelling fields) are not sent there. Default: 0; the redirect is the answer.
   */
  readonly maxRedirects?: number;
  /** For https. Default: the platform's certificate authorities, no client certificate. */
  readonly tls?: HttpClientTls;
  /** A Unix socket (or named pipe) that all connections go to, whatever the address says. Default: none. */
  readonly socketPath?: string;
  /** Whether the travelling fields and the deadline are sent. False for servers of others. Default: true. */
  readonly sendFields?: boolean;
  /**
   * Retries, hedges and breakers, by server (the address's origin) and operation; false: none. Only what is safe is tried
   * again: GET, HEAD, PUT, DELETE and so on, and what was not sent or was refused before any work. Default: that of
   * `guardDefaults`.
   */
  readonly guard?: ClientGuard | ClientGuardOptions | false;
  /** Wraps each call, outermost first, outside of retries. Telemetry is inside of them, so that each try has a span. Default: none. */
  readonly middleware?: readonly Middleware[];
}

export interface HttpClientTls {
  /** Certificate authorities in PEM, in place of the platform's. Default: the platform's. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The client's certificate and its key, in PEM. Default: none. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** What the key is encrypted with. Default: nothing. */
  readonly passphrase?: string;
  /** The name that is asked for (SNI) and that the certificate must bear. Default: the host of the address. */
  readonly serverName?: string;
}

export interface HttpClientRequest {
  /** Default: GET. */
  readonly method?: HttpMethod;
  /** Whole, or relative to `baseUrl`. */
  readonly url: string;
  /** By name, in any case. With an `accept-encoding` of its own the answer's body is left as it comes. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Bytes and strings are sent as they are; an async iterable of them piece by piece, as fast as the server takes them;
   * anything else as JSON. Default: none.
   */
  readonly body?: unknown;
  /** In place of the client's `timeoutMs`, in milliseconds; 0: no limit of its own. */
  readonly timeoutMs?: number;
  /** Whether an answer with an error status (400 and above) is given like any other, not thrown. Default: false. */
  readonly acceptErrors?: boolean;
  /** The name in telemetry; never put an id into it. Default: the method alone. */
  readonly operation?: string;
}

export interface HttpClientStreamRequest extends HttpClientRequest {
  /** The longest silence while the body is waited for, in milliseconds; then `unavailable` (CONNECTION_SILENT). 0: any. Default: 0. */
  readonly idleTimeoutMs?: number;
}

/** The options with their defaults, checked. */
export type Settings = Required<Omit<HttpClientOptions, 'baseUrl' | 'target' | 'tls' | 'socketPath' | 'guard'>> &
  Pick<HttpClientOptions, 'target' | 'tls' | 'socketPath'> & { readonly guard: ClientGuard | undefined };

/** Throws a RangeError for a number out of its range, and a TypeError for options that exclude each other. */
export function settingsOf(options: HttpClientOptions): Settings {
  const { socketPath, target, guard = {} } = options;
  checkTarget(options);
  const { serverName } = target ?? {};
  const tls = serverName === undefined ? options.tls : { serverName, ...options.tls };
  return {
    timeoutMs: atLeast(0, 'timeoutMs', options.timeoutMs ?? guardDefaults.deadline.httpMs),
    connectTimeoutMs: atLeast(0, 'connectTimeoutMs', options.connectTimeoutMs ?? 5_000),
    maxResponseBytes: whole(1, 'maxResponseBytes', options.maxResponseBytes ?? 4 * 1024 * 1024),
    maxHeaderBytes: whole(1, 'maxHeaderBytes', options.maxHeaderBytes ?? 16 * 1024),
    maxConnectionsPerOrigin: whole(1, 'maxConnectionsPerOrigin', options.maxConnectionsPerOrigin ?? 256),
    maxQueuedPerOrigin: whole(0, 'maxQueuedPerOrigin', options.maxQueuedPerOrigin ?? 1_024),
    maxOrigins: whole(1, 'maxOrigins', options.maxOrigins ?? 256),
    keepAliveMs: atLeast(0, 'keepAliveMs', options.keepAliveMs ?? 4_000),
    decompress: options.decompress ?? true,
    maxRedirects: whole(0, 'maxRedirects', options.maxRedirects ?? 0),
    sendFields: options.sendFields ?? true,
    guard: guard === false ? undefined : 'middleware' in guard ? guard : clientGuard(guard),
    middleware: options.middleware ?? [],
    ...(target !== undefined && { target }),
    ...(tls !== undefined && { tls }),
    ...(socketPath !== undefined && { socketPath }),
  };
}

function checkTarget({ target, baseUrl, socketPath }: HttpClientOptions): void {
  if (target === undefined) return;
  if (typeof target.pick !== 'function')
    throw new TypeError('http.client: target must be made by httpTarget of flotilla/discovery');
  if (baseUrl !== undefined) throw new TypeError('http.client: give target or baseUrl, not both');
  if (socketPath !== undefined) throw new TypeError('http.client: give target or socketPath, not both');
}

function atLeast(least: number, name: string, value: number): number {
  if (!(value >= least)) throw new RangeError(`http.client: ${name} ${value} is not a number from ${least}`);
  return value;
}

function whole(least: number, name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`http.client: ${name} ${value} is not a whole number from ${least}`);
  return value;
}
