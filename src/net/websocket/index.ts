/**
 * # flotilla/net/websocket
 *
 * WebSockets (RFC 6455, with permessage-deflate of RFC 7692).
 */
export { CloseCode } from './frame/close-code.ts';
