import { randomBytes, randomFillSync } from 'node:crypto';
import { fieldsOf, writeFields } from '../../call/index.ts';
import { type Clock, type Context, until } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { dialSocket, type TlsClientOptions } from '../tcp/index.ts';
import { type Agreed, Connection } from './connection/connection.ts';
import { type ConnectionOptions, type Settings, settingsOf } from './connection/settings.ts';
import { type Shared, sharedByClock } from './connection/shared.ts';
import { ClientFrames } from './frame/frame-encoder.ts';
import { type Answer, AnswerReader } from './handshake/answer-reader.ts';
import { checkAnswer, formatRequest, type Offer } from './handshake/offer.ts';
import { isToken } from './handshake/tokens.ts';
import type { WebSocketConnection } from './websocket-connection.ts';
import { WebSocketErrors } from './websocket-errors.ts';

export interface DialOptions extends ConnectionOptions {
  /** The subprotocols to offer, the preferred one first. The server may choose none: see `protocol`. Default: none. */
  readonly protocols?: readonly string[];
  /** Sent with the handshake, beside those that belong to it: authorization, cookie, origin. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of `wss:`. Default: the server proves itself to the authorities that the platform comes with. */
  readonly tls?: TlsClientOptions;
  /** How long the opening may take, in milliseconds. Default: 10,000. */
  readonly openTimeoutMs?: number;
  /** Whether the travelling fields are sent with the handshake. False for servers of others. Default: true. */
  readonly sendFields?: boolean;
  /** The head of the server's answer, in bytes. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** Fills bytes that nobody can predict: the key of the handshake and the masks. Default: the platform's. */
  readonly randomFill?: (bytes: Uint8Array) => void;
}

/**
 * Opens a WebSocket to `ws://` or `wss://`. `ctx` bounds the opening alone: the connection keeps its values, lives until it is
 * closed, and whoever dialled closes it:
 *
 *     await using ws = await dial(ctx, 'wss://example.com/chat');
 *
 * Throws `unavailable` (CONNECT_FAILED, TLS_FAILED, HANDSHAKE_FAILED), the error that the server named or its status says (HANDSHAKE_REFUSED;
 * redirects are not followed), the Context's error, or a TypeError for an address that is none.
 */
export async function dial(
  ctx: Context,
  url: string | URL,
  options: DialOptions = defaults,
): Promise<WebSocketConnection> {
  const { maxHeaderBytes = 16 * 1024, openTimeoutMs = 10_000 } = options;
  const target = parseUrl(url);
  const { settings, shared } = dialingOf(options);
  const offer = offerOf(ctx, target, options, settings.deflate !== undefined);
  const request = formatRequest(offer);
  using bounded = ctx.withTimeout(openTimeoutMs, `opening took ${openTimeoutMs} ms`);
  const socket = await dialSocket(bounded, addressOf(target, openTimeoutMs, options.tls));
  // There is always one who listens: an error between two steps must not be an uncaught one.
  socket.on('error', ignore);
  try {
    const answer = await until(bounded, new AnswerReader(socket, request, maxHeaderBytes).answer);
    const ws = new Connection(ctx.withoutCancel(), socket, shared(ctx.clock), judge(answer, offer));
    socket.off('error', ignore);
    ws.start(answer.rest);
    return ws;
  } catch (error) {
    socket.destroy();
    throw errors.isStatusError(error) ? error : failed(target, error);
  }
}

const defaults: DialOptions = Object.freeze({});

interface Dialing {
  readonly settings: Settings;
  readonly shared: (clock: Clock) => Shared;
}

/** By options object: connections that are dialled with the same one share timers and random bytes. */
const known = new WeakMap<DialOptions, Dialing>();

function dialingOf(options: DialOptions): Dialing {
  let dialing = known.get(options);
  if (dialing === undefined) {
    const settings = settingsOf(options, false);
    dialing = { settings, shared: sharedByClock(settings, new ClientFrames(options.randomFill ?? randomFillSync)) };
    known.set(options, dialing);
  }
  return dialing;
}

function ignore(): void {}

function parseUrl(url: string | URL): URL {
  const target = URL.parse(String(url));
  if (target === null || !/^wss?:$/.test(target.protocol))
    throw new TypeError(`websocket.dial: "${url}" is not a ws: or wss: address`);
  if (target.hash !== '') throw new TypeError(`websocket.dial: "${url}" has a fragment, which no server would see`);
  if (target.username !== '' || target.password !== '')
    throw new TypeError('websocket.dial: credentials in the address are not sent: give an authorization header');
  return target;
}

function offerOf(ctx: Context, url: URL, options: DialOptions, mayDeflate: boolean): Offer {
  const { protocols = [], sendFields = true } = options;
  const wrong = protocols.find((protocol, index) => !isToken(protocol) || protocols.indexOf(protocol) < index);
  if (wrong !== undefined)
    throw new TypeError(`websocket.dial: "${wrong}" cannot be the name of a subprotocol, or is there twice`);
  const headers: Record<string, string> = { ...options.headers };
  if (sendFields) writeFields(fieldsOf(ctx), (name, value) => (headers[name] = value));
  const bytes = options.randomFill === undefined ? randomBytes(16) : Buffer.alloc(16);
  options.randomFill?.(bytes);
  return { url, key: bytes.toString('base64'), protocols, mayDeflate, headers };
}

function addressOf({ protocol, hostname, port }: URL, connectTimeoutMs: number, tls: TlsClientOptions | undefined) {
  const isTls = protocol === 'wss:';
  return {
    // An IPv6 address stands in brackets in a URL alone.
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    connectTimeoutMs,
    tls: isTls && { alpnProtocols: ['http/1.1'], ...tls },
  };
}

function judge(answer: Answer, offer: Offer): Agreed {
  const { origin } = offer.url;
  if (answer.status !== 101) throw refusal(answer, origin);
  const agreed = checkAnswer(answer, offer);
  if (typeof agreed === 'string')
    throw WebSocketErrors.HANDSHAKE_FAILED(`${origin} answered the handshake wrongly: ${agreed}`);
  return agreed;
}

/** The error that the server named, or the one that its status says. */
function refusal({ status, rest }: Answer, origin: string): errors.StatusError {
  const named = errors.fromBody(tryJson(rest), status);
  // The reason of an error that names none is its code.
  if (named.reason !== named.code.toUpperCase()) return named;
  return new errors.StatusError(named.code, `${origin} answered the handshake with ${status}`, {
    reason: 'HANDSHAKE_REFUSED',
    metadata: { status: String(status) },
  });
}

function tryJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

function failed({ origin }: URL, cause: unknown): errors.StatusError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return WebSocketErrors.HANDSHAKE_FAILED(`${origin}: ${why}`, { cause });
}
