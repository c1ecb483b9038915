import type { Socket } from 'node:net';
import type { Context } from '../../../concurrency/index.ts';
import type { ServerSentEvent } from '../events/server-sent-events.ts';
import { type Cookie, formatCookie } from '../input/cookies.ts';
import { isFieldText, isToken } from './field-text.ts';

/** Headers of a reply by name; a list sends the header several times. */
export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>;

export interface ReplyOptions {
  /** 200 to 599. Default: 200 (empty: 204). */
  readonly status?: number;
  /** Default: the content type that the reply is made for. A content type given here wins. */
  readonly headers?: ReplyHeaders;
  /** Default: none. */
  readonly cookies?: readonly Cookie[];
}

export interface StreamOptions extends ReplyOptions {
  /**
   * Sent after the last chunk, made then: a checksum, a count. Only to clients that say `TE: trailers` (RFC 9110, section
   * 6.5.1); others do not get them. Default: none.
   */
  readonly trailers?: () => ReplyHeaders;
}

export interface EventsOptions extends ReplyOptions {
  /** A comment is sent after so much silence, so that proxies keep the connection. Default: 15,000. 0: never. */
  readonly heartbeatMs?: number;
}

type Content =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly data: string | Uint8Array }
  | {
      readonly kind: 'stream';
      readonly source: AsyncIterable<string | Uint8Array>;
      readonly trailers: (() => ReplyHeaders) | undefined;
    }
  | { readonly kind: 'sized'; readonly length: number; readonly source: AsyncIterable<Uint8Array> }
  | { readonly kind: 'events'; readonly source: AsyncIterable<ServerSentEvent>; readonly heartbeatMs: number }
  | UpgradeContent;

/** Speaks another protocol on the connection of a call. */
export interface UpgradeContent {
  readonly kind: 'upgrade';
  readonly protocol: string;
  readonly take: TakeConnection;
}

/**
 * Owns the socket from now on, which is paused and has no listeners; `rest` is what came after the request. The call, and
 * its Context, last until the promise settles; if it rejects, the socket is destroyed.
 */
export type TakeConnection = (ctx: Context, socket: Socket, rest: Uint8Array) => Promise<void>;

/** An answer with its status and headers. Made by `json`, `text`, `html`, `bytes`, `stream`, `sized`, `events`, `empty`, `redirect`. */
export class HttpReply {
  declare readonly status: number;
  /** Name and value in turn, names in lower case. */
  declare readonly headers: readonly string[];
  declare readonly content: Content;

  constructor(content: Content, contentType: string, status: number, options: ReplyOptions) {
    if (!(Number.isInteger(status) && ((status >= 200 && status <= 599) || content.kind === 'upgrade'))) {
      throw new TypeError(`the status ${status} is not a whole number from 200 to 599`);
    }
    if (content.kind === 'whole' && typeof content.data !== 'string' && !(content.data instanceof Uint8Array)) {
      throw new TypeError(`a body must be a string or Uint8Array, not ${typeof content.data}; json() takes any value`);
    }
    if (content.kind === 'sized' && (status === 204 || status === 304))
      throw new TypeError(`an answer with status ${status} has no body that could have a length`);
    this.status = status;
    const headers =
      options.headers === undefined && options.cookies === undefined
        ? plain(contentType)
        : merged(contentType, options);
    this.headers = content.kind === 'sized' ? [...headers, 'content-length', String(content.length)] : headers;
    this.content = content;
  }
}

/** A value as JSON. Throws a TypeError for what JSON cannot say (a function, a cycle, a bigint). */
export function json(value: unknown, options: ReplyOptions = {}): HttpReply {
  const data: string | undefined = JSON.stringify(value);
  if (data === undefined) throw new TypeError(`a ${typeof value} cannot be sent as JSON; for no body answer empty()`);
  return new HttpReply({ kind: 'whole', data }, 'application/json', options.status ?? 200, options);
}

/** Plain text, UTF-8. */
export function text(data: string, options: ReplyOptions = {}): HttpReply {
  return new HttpReply({ kind: 'whole', data }, 'text/plain; charset=utf-8', options.status ?? 200, options);
}

/** HTML, UTF-8. Nothing is escaped here. */
export function html(data: string, options: ReplyOptions = {}): HttpReply {
  return new HttpReply({ kind: 'whole', data }, 'text/html; charset=utf-8', options.status ?? 200, options);
}

/** Bytes as they are, `application/octet-stream` unless a content type is given. Not copied: do not change them later. */
export function bytes(data: Uint8Array, options: ReplyOptions = {}): HttpReply {
  return new HttpReply({ kind: 'whole', data }, 'application/octet-stream', options.status ?? 200, options);
}

/**
 * Chunks as they are made; the next is asked for when the client has taken the last. A failure before the first chunk is
 * answered as an error, a later one cuts the connection, so that nobody takes a part for the whole. When the client
 * leaves or the deadline passes, the iterator's `return` is called.
 */
export function stream(source: AsyncIterable<string | Uint8Array>, options: StreamOptions = {}): HttpReply {
  const { status = 200, trailers } = options;
  return new HttpReply({ kind: 'stream', source, trailers }, 'application/octet-stream', status, options);
}

/**
 * A stream whose length is known: sent with Content-Length, so that the client can show progress and tell a part from the
 * whole. Otherwise as {@link stream}. A source that gives more or less than `length` bytes is cut like one that fails.
 * Throws a RangeError for a length that is not a whole number from 0, a TypeError for a status without a body (204, 304).
 */
export function sized(length: number, source: AsyncIterable<Uint8Array>, options: ReplyOptions = {}): HttpReply {
  if (!Number.isSafeInteger(length) || length < 0)
    throw new RangeError(`the length ${length} of a body is not a whole number from 0`);
  const { status = 200 } = options;
  if (status === 204 || status === 304) throw new TypeError(`an answer with the status ${status} has no body`);
  return new HttpReply({ kind: 'sized', length, source }, 'application/octet-stream', status, options);
}

/**
 * Server-sent events. They end when the source does, when the client leaves, or when the server drains (the browser then
 * connects again, elsewhere); the iterator's `return` is called in each case. The route must set `timeoutMs`: 0 for a
 * stream that may last for ever.
 */
export function events(source: AsyncIterable<ServerSentEvent>, options: EventsOptions = {}): HttpReply {
  const { heartbeatMs = 15_000, status = 200, headers, cookies } = options;
  const init = {
    headers: { 'cache-control': 'no-store', 'x-accel-buffering': 'no', ...headers },
    ...(cookies && { cookies }),
  };
  return new HttpReply({ kind: 'events', source, heartbeatMs }, 'text/event-stream', status, init);
}

/**
 * 101: from here on the connection speaks `protocol` (`websocket`), and `take` does. A request that does not ask for an
 * upgrade is answered with 426. Throws a TypeError for a protocol that has no such name. The route should set
 * `timeoutMs: 0`; see `drainOf` for how the new protocol learns that the server leaves.
 */
export function upgrade(
  protocol: string,
  take: TakeConnection,
  options: Pick<ReplyOptions, 'headers' | 'cookies'> = {},
): HttpReply {
  const [name = '', version, ...more] = protocol.split('/');
  if (!isToken(name) || (version !== undefined && !isToken(version)) || more.length > 0)
    throw new TypeError(`upgrade: "${protocol}" is not the name of a protocol, with or without a version`);
  return new HttpReply({ kind: 'upgrade', protocol, take }, '', 101, options);
}

/** No body; 204 unless told otherwise. */
export function empty(options: ReplyOptions = {}): HttpReply {
  return new HttpReply({ kind: 'none' }, '', options.status ?? 204, options);
}

/** Sends the client elsewhere: 303 (with GET) unless told otherwise. Never pass a location that a client chose unchecked. */
export function redirect(location: string, status: 301 | 302 | 303 | 307 | 308 = 303): HttpReply {
  return new HttpReply({ kind: 'none' }, '', status, { headers: { location } });
}

/** What frames a message on the wire belongs to the server. */
const reserved = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Checks one header of a reply; gives its name in lower case. Throws a TypeError that says what is wrong. */
export function headerName(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (!isToken(name)) throw new TypeError(`"${name}" is not a header name`);
  if (reserved.has(lower)) throw new TypeError(`the header "${name}" is set by the server itself`);
  if (!isFieldText(value))
    throw new TypeError(`the header "${name}" has a line break, a control character or non-Latin-1 text`);
  return lower;
}

function plain(contentType: string): readonly string[] {
  return plainHeaders[contentType] ?? ['content-type', contentType];
}

/** Shared by all replies that have nothing else: an engine knows them again, and need not write them out again. */
const plainHeaders: Readonly<Record<string, readonly string[]>> = {
  '': [],
  'application/json': ['content-type', 'application/json'],
  'text/plain; charset=utf-8': ['content-type', 'text/plain; charset=utf-8'],
  'text/html; charset=utf-8': ['content-type', 'text/html; charset=utf-8'],
  'application/octet-stream': ['content-type', 'application/octet-stream'],
};

/** Name and value in turn, names in lower case. Throws a TypeError for a header that cannot be sent. */
export function headerList(headers: ReplyHeaders): string[] {
  const list: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) list.push(headerName(name, one), one);
  }
  return list;
}

function merged(contentType: string, { headers = {}, cookies = [] }: ReplyOptions): readonly string[] {
  const list = headerList(headers);
  const hasType = list.some((name, index) => index % 2 === 0 && name === 'content-type');
  if (contentType !== '' && !hasType) list.push('content-type', contentType);
  for (const cookie of cookies) list.push('set-cookie', formatCookie(cookie));
  return list;
}
