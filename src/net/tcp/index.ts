/**
 * # flotilla/net/tcp
 *
 * Where a server's connections come from.
 *
 *     const listener = tcpListener({ port: 8080 });
 *     const { host, port } = await listener.start(ctx, (socket) => socket.end('hello\n'));
 *     await listener.stop();
 *
 * Rules: a server takes a {@link Listener} and never opens a port itself, so that a supervisor can hand it sockets
 * instead; everything binds to 127.0.0.1 unless told otherwise; whoever gets a socket owns it. Not here: what is spoken
 * on the connection, TLS.
 */
export type { Listener, ListenerAddress } from './listener.ts';
export { type TcpListenerOptions, tcpListener } from './tcp-listener.ts';
