import type { CallFields, GetHeader } from '../../call/index.ts';
import type { Awaitable } from '../../concurrency/index.ts';
import type { Admit, Middleware, ServerGuardOptions } from '../../service/index.ts';
import type { Listener } from '../tcp/index.ts';
import type { Compression } from './reply/compression.ts';
import type { HttpReply } from './reply/reply.ts';
import type { HttpRequestHead } from './request.ts';
import type { RouteList } from './routing/router.ts';

/** What a server believes of a request's headers. */
export interface TrustedFields {
  readonly fields: CallFields;
  /** What the caller still waits; undefined if it does not say. */
  readonly timeoutMs: number | undefined;
}

export interface HttpServerOptions {
  readonly router: RouteList;
  /** Default: none; the server then gets its connections from `handleConnection` alone. */
  readonly listener?: Listener;
  /** The service in telemetry and admission. */
  readonly name: string;
  /** What the endpoint is registered as. Default: http. */
  readonly endpoint?: string;
  /**
   * Keeps the server from taking on more than it can answer in time: it refuses the least important requests with 503 when
   * it is overloaded, and those that cannot be answered in time. `false`: it takes on everything. Default: on, and it finds
   * out by itself how much is too much.
   */
  readonly guard?: ServerGuardOptions | false;
  /** Decides on the head of a request that the guard lets in, before anything of it is parsed. Default: all are admitted. */
  readonly admit?: Admit;
  /** Wraps every call, also one that no route answers; outermost first. Default: none. */
  readonly middleware?: readonly Middleware[];
  /**
   * Reads the travelling fields. Default: all headers are believed, which is right between services; at the border give a
   * function that takes only what strangers may say.
   */
  readonly fields?: (get: GetHeader) => TrustedFields;
  /**
   * Answers requests that no route matches: in another protocol of the same port, which has errors of its own. Undefined: with 404 or
   * 405, as without it. Default: none.
   */
  readonly unmatched?: (request: HttpRequestHead) => Awaitable<HttpReply> | undefined;
  /** Compresses answers by what clients take; a route may say otherwise. Read its note on secrets first. Default: none. */
  readonly compression?: Compression;
  /** The largest body, in bytes; a route may say otherwise. Default: 1 MiB. */
  readonly maxBodyBytes?: number;
  /** All headers with the request line, in bytes. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** Default: 100. */
  readonly maxHeaders?: number;
  /** The longest a call may last; a route may say otherwise; 0: no limit. Default: 15,000. */
  readonly timeoutMs?: number;
  /** How long clients are told that an idle connection is kept; it is for a fifth longer, at most a second. Default: 5,000. */
  readonly keepAliveMs?: number;
  /** How long the headers of a request may take to arrive. Default: 10,000. */
  readonly headersTimeoutMs?: number;
  /** How long a whole request may take to arrive; 0: no limit. Default: 60,000. */
  readonly requestTimeoutMs?: number;
  /** How long a client may take nothing of an answer before it is cut off. Default: 30,000. */
  readonly sendTimeoutMs?: number;
  /**
   * How long idle connections are kept once the server drains: a client may be sending its next request, and would lose it.
   * In a renewal they are kept for `keepAliveMs`, but at most 5,000, and a fifth more. Default: 250.
   */
  readonly drainGraceMs?: number;
  /** More are answered with 503 at once. Default: 10,000. */
  readonly maxConnections?: number;
  /** The answer to the last of them closes the connection, so that balancers spread clients anew; 0: no limit. Default: 0. */
  readonly maxRequestsPerConnection?: number;
}

const defaults = {
  maxBodyBytes: 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  timeoutMs: 15_000,
  keepAliveMs: 5_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  sendTimeoutMs: 30_000,
  drainGraceMs: 250,
  maxConnections: 10_000,
  maxRequestsPerConnection: 0,
};

const mayBeZero: ReadonlySet<string> = new Set([
  'timeoutMs',
  'requestTimeoutMs',
  'maxBodyBytes',
  'drainGraceMs',
  'maxRequestsPerConnection',
]);

export type Limits = Readonly<typeof defaults>;

/** The limits with their defaults. Throws a RangeError that names the option and its range. */
export function limitsOf(options: HttpServerOptions): Limits {
  const limits = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof Limits)[]) {
    const value = options[name] ?? defaults[name];
    const least = mayBeZero.has(name) ? 0 : 1;
    if (!Number.isFinite(value) || value < least) {
      throw new RangeError(`createHttpServer: ${name} is ${value}; it must be a number from ${least}`);
    }
    limits[name] = value;
  }
  if (limits.requestTimeoutMs > 0) limits.headersTimeoutMs = Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs);
  return limits;
}
