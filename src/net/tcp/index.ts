/**
 * # flotilla/net/tcp
 *
 * Connections: where a server's come from, messages over them, and what may stand before or around them.
 *
 *     import * as tcp from 'flotilla/net/tcp';
 *
 *     const echo = tcp.serve({
 *       name: 'echo',
 *       port: 7000,
 *       codec: tcp.lines({ maxBytes: 1024 }),
 *       async handler(ctx, connection) {
 *         for await (const line of connection) await connection.write(ctx, line);
 *       },
 *     });
 *
 * Rules: a server takes a {@link Listener}, so that a supervisor can hand it sockets instead of a port; everything binds to
 * 127.0.0.1 unless told otherwise; whoever gets a socket owns it; every buffer has a bound. Not here: HTTP, and what the
 * messages mean.
 */

export type { PeerCertificate } from '../../call/index.ts';
export { formatAddress, localAddressOf, type NetAddress, remoteAddressOf } from './address/net-address.ts';
export type { Connection } from './connection/connection.ts';
export type { ConnectionOptions } from './connection/connection-options.ts';
export { type DialFramedOptions, type DialOptions, dial, dialSocket } from './connection/dial.ts';
export { serve, type TcpServer } from './connection/serve.ts';
export type { ServeOptions, ServeRawOptions } from './connection/serve-options.ts';
export {
  anything,
  http1,
  http2Preface,
  type Match,
  type Matcher,
  magic,
  tlsClientHello,
} from './first-bytes/matcher.ts';
export {
  type MuxProtocol,
  type ProtocolMux,
  type ProtocolMuxOptions,
  protocolMux,
} from './first-bytes/protocol-mux.ts';
export { type DelimitedOptions, delimited } from './framing/delimited.ts';
export { type FixedHeaderOptions, fixedHeader } from './framing/fixed-header.ts';
export type { FrameCodec, FrameDecoder, FrameSink } from './framing/frame-codec.ts';
export { type LengthPrefixedOptions, lengthPrefixed } from './framing/length-prefixed.ts';
export { type LinesOptions, lines } from './framing/lines.ts';
export { type FrameMapping, mapFrames } from './framing/map-frames.ts';
export { PreparedFrame, preparable, prepareFrame } from './framing/prepared-frame.ts';
export { rawBytes } from './framing/raw-bytes.ts';
export type { IntakeOptions } from './listener/intake.ts';
export type { Listener, ListenerAddress } from './listener/listener.ts';
export { urlOf } from './listener/listener.ts';
export { type TcpListener, type TcpListenerOptions, tcpListener } from './listener/tcp-listener.ts';
export {
  encodeProxyHeader,
  type ParsedProxyHeader,
  type ProxyHeader,
  type ProxyHeaderOptions,
  type ProxyTlv,
  parseProxyHeader,
} from './proxy-protocol/proxy-header.ts';
export type { ProxyProtocolOptions } from './proxy-protocol/trusted-sources.ts';
export { TcpErrors } from './tcp-errors.ts';
export { checkTlsClient } from './tls/client-certificates.ts';
export { type TlsClientOptions, tlsOptionsOf } from './tls/tls-client.ts';
export { tlsFailureText } from './tls/tls-failure.ts';
export { type TlsUpgrade, tlsUpgrade } from './tls/tls-gate.ts';
export type { CertificateSource, Pem, TlsServerOptions } from './tls/tls-server-options.ts';
export { peerCertificateOf, type TlsState, tlsStateOf } from './tls/tls-state.ts';
