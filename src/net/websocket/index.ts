/**
 * # flotilla/net/websocket
 *
 * WebSockets (RFC 6455, with permessage-deflate of RFC 7692): a route of the HTTP server, and a client.
 *
 *     const room = new Room();
 *     router.get('/chat', { timeoutMs: 0 }, (_ctx, req) =>
 *       websocket(req, async (_ctx, ws) => {
 *         using _ = room.join(ws);
 *         for await (const message of ws) room.broadcast(message);
 *       }),
 *     );
 *     await using ws = await dial(ctx, 'ws://127.0.0.1:8080/chat');
 *
 * Rules: everything that waits takes a Context; what is received and what is sent is bounded, and a slow peer is dealt with as
 * `whenSlow` says; pages of other sites are refused unless `origins` allows them. Not here: reconnecting, acknowledgement,
 * what is said in the messages.
 */
export { type BroadcastResult, broadcast, Room } from './broadcast.ts';
export type { ConnectionOptions, DeflateOptions, WhenSlow } from './connection/settings.ts';
export { type DialOptions, dial } from './dial.ts';
export { CloseCode } from './frame/close-code.ts';
export type { AllowedOrigins } from './handshake/origin.ts';
export { type EncodeOptions, encodeMessage, type PreparedMessage } from './prepared-message.ts';
export { type WebSocketHandler, type WebSocketOptions, websocket } from './websocket.ts';
export type { CloseInfo, Message, Sendable, WebSocketConnection } from './websocket-connection.ts';
export { WebSocketErrors } from './websocket-errors.ts';
