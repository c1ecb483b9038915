import { type Clock, type Context, current, isContextError } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { drainOf, type HttpReply, type HttpRequestHead, type TakeConnection, upgrade } from '../http/index.ts';
import { type Agreed, Connection } from './connection/connection.ts';
import { type Leavers, leaversOf } from './connection/leavers.ts';
import { type ConnectionOptions, settingsOf } from './connection/settings.ts';
import { type Shared, sharedByClock } from './connection/shared.ts';
import { CloseCode } from './frame/close-code.ts';
import { serverFrames } from './frame/frame-encoder.ts';
import { type AcceptRules, acceptHandshake } from './handshake/accept.ts';
import { type AllowedOrigins, checkOrigins } from './handshake/origin.ts';
import { isToken } from './handshake/tokens.ts';
import type { WebSocketConnection } from './websocket-connection.ts';
import { WebSocketErrors } from './websocket-errors.ts';

export interface WebSocketOptions extends ConnectionOptions {
  /** The subprotocols that are spoken, the preferred one first. Default: none. */
  readonly protocols?: readonly string[];
  /** Which pages may connect: see {@link AllowedOrigins}. Default: same-origin. */
  readonly origins?: AllowedOrigins;
}

/**
 * Serves one connection; `ctx` is `ws.ctx`. When it returns, the connection is closed with 1000, when it throws, with 1011:
 * the error stays here and is told to the call's telemetry.
 */
export type WebSocketHandler = (ctx: Context, ws: WebSocketConnection) => Promise<void>;

/**
 * Answers a request with a WebSocket. The route should set `timeoutMs: 0`, or the longest that a connection may last:
 *
 *     router.get('/chat', { timeoutMs: 0 }, (_ctx, req) => websocket(req, chat, options));
 *
 * The call lasts as long as the connection. When the server drains, each connection is sent Close 1001 after what is queued.
 * Throws what the request is refused with: 400, 403 (ORIGIN_NOT_ALLOWED) or 426; a RangeError or TypeError for options that
 * cannot be. Keep the options in a constant: they are checked once per object.
 */
export function websocket(
  req: HttpRequestHead,
  handler: WebSocketHandler,
  options: WebSocketOptions = defaults,
): HttpReply {
  const rules = rulesOf(options);
  const { agreed, headers } = acceptHandshake(req, rules);
  return upgrade('websocket', taker(rules.shared, agreed, leaversOf(drainOf(current())), handler), { headers });
}

interface Rules extends AcceptRules {
  readonly shared: (clock: Clock) => Shared;
}

// Apart, so that what lives as long as the connection holds nothing of the handshake.
function taker(shared: Rules['shared'], agreed: Agreed, leavers: Leavers, handler: WebSocketHandler): TakeConnection {
  return (ctx, socket, rest) => {
    const ws = new Connection(ctx, socket, shared(ctx.clock), agreed);
    ws.start(rest);
    leavers.add(ws);
    return serve(ws, leavers, handler);
  };
}

// No async function: what that keeps while it waits is a quarter of a kilobyte per connection.
function serve(ws: Connection, leavers: Leavers, handler: WebSocketHandler): Promise<void> {
  return run(handler, ws).then(
    () => finish(ws, leavers, CloseCode.normal),
    (error) => failed(ws, leavers, error),
  );
}

function run(handler: WebSocketHandler, ws: Connection): Promise<void> {
  try {
    return handler(ws.ctx, ws);
  } catch (error) {
    return Promise.reject(error);
  }
}

async function finish(ws: Connection, leavers: Leavers, code: number): Promise<void> {
  await ws.close(code);
  leavers.delete(ws);
}

async function failed(ws: Connection, leavers: Leavers, error: unknown): Promise<void> {
  const isMistake = !isExpected(error, ws);
  await finish(ws, leavers, isMistake ? CloseCode.internalError : CloseCode.normal);
  if (isMistake) throw error;
}

/** Of a connection that has gone away, that a send fails or a wait ends is nothing to report. */
function isExpected(error: unknown, ws: WebSocketConnection): boolean {
  if (errors.is(error, WebSocketErrors.CONNECTION_CLOSED) || errors.is(error, WebSocketErrors.SLOW_READER)) return true;
  return ws.closed !== undefined && isContextError(error);
}

const defaults: WebSocketOptions = Object.freeze({});

/** By options object: most routes have one for all their connections. */
const known = new WeakMap<WebSocketOptions, Rules>();

function rulesOf(options: WebSocketOptions): Rules {
  let rules = known.get(options);
  if (rules === undefined) {
    const { protocols = [], origins = 'same-origin' } = options;
    const wrong = protocols.find((protocol) => !isToken(protocol));
    if (wrong !== undefined) throw new TypeError(`websocket: "${wrong}" cannot be the name of a subprotocol`);
    const settings = settingsOf(options, true);
    const mayDeflate = settings.deflate !== undefined;
    rules = { protocols, origins: checkOrigins(origins), mayDeflate, shared: sharedByClock(settings, serverFrames) };
    known.set(options, rules);
  }
  return rules;
}
