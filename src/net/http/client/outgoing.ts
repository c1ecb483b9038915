import { fieldsOf, writeFields, writeTimeoutMs } from '../../../call/index.ts';
import type { Context } from '../../../concurrency/index.ts';
import type { HttpMethod } from '../request.ts';
import { BodySource } from './body-source.ts';
import type { HttpClientRequest, Settings } from './client-options.ts';
import { acceptEncoding } from './decompress.ts';
import { describe } from './failure.ts';
import type { HttpTarget } from './target.ts';

/** A request as it goes out. */
export interface Outgoing {
  readonly method: HttpMethod;
  readonly url: URL;
  /** Who is asked, for errors. */
  readonly source: string;
  /** By lower-case name. */
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
  /** A body that is made while it is sent: only once. */
  readonly stream: BodySource | undefined;
  /** It may be sent twice without doing more than once. */
  readonly isIdempotent: boolean;
  /** Whether the server is one that may know the travelling fields. */
  readonly sendsFields: boolean;
  readonly acceptsErrors: boolean;
  /** Whether the answer is to be decompressed: we asked for it. */
  readonly isDecoded: boolean;
  /** Whether another server may be asked where this one cannot be reached. */
  readonly hasOthers: boolean;
}

/** What is to be sent. Throws a TypeError for an address that is none. */
export function outgoing(
  request: HttpClientRequest,
  base: URL | undefined,
  settings: Settings,
  target?: HttpTarget,
): Outgoing {
  const { method = 'GET', body } = request;
  const url = parseUrl(request.url, base);
  const headers = lowerCase(request.headers);
  const isDecoded = settings.decompress && headers['accept-encoding'] === undefined;
  if (isDecoded) headers['accept-encoding'] = acceptEncoding;
  if (target?.host !== undefined) headers.host ??= target.host;
  const stream = isAsyncIterable(body) ? new BodySource(body) : undefined;
  return {
    method,
    url,
    source: describe(method, url),
    headers,
    body: stream === undefined ? encode(body, headers) : undefined,
    stream,
    isIdempotent: method !== 'POST' && method !== 'PATCH',
    sendsFields: settings.sendFields,
    acceptsErrors: request.acceptErrors ?? false,
    isDecoded,
    hasOthers: target !== undefined,
  };
}

/** The travelling fields and the deadline, in place of what the caller says of them. */
export function writeCall(ctx: Context, headers: Record<string, string>): void {
  const set = (name: string, value: string) => {
    headers[name] = value;
  };
  writeFields(fieldsOf(ctx), set);
  writeTimeoutMs(ctx, set);
}

export function parseUrl(url: string, base: URL | undefined): URL {
  const parsed = URL.parse(url, base?.href);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new TypeError(
      `http.client: "${url}" is not an http(s) address${base === undefined ? ', and there is no baseUrl' : ''}`,
    );
  }
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError(`http.client: the address of ${parsed.host} holds a password; send an authorization header`);
  return parsed;
}

function lowerCase(given: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const name in given) headers[name.toLowerCase()] = given[name]!;
  return headers;
}

function encode(body: unknown, headers: Record<string, string>): string | Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  if (typeof body === 'string') {
    headers['content-type'] ??= 'text/plain;charset=UTF-8';
    return body;
  }
  headers['content-type'] ??= 'application/json';
  return JSON.stringify(body);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<string | Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
