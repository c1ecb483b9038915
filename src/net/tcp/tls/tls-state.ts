import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '../../../call/index.ts';

/** What TLS knows of a connection. */
export interface TlsState {
  /** `TLSv1.3` */
  readonly version: string;
  /** The protocol that both agreed on (ALPN); undefined if they did not. */
  readonly alpnProtocol: string | undefined;
  /** The name that the client asked for (SNI), in a server; undefined if it named none. */
  readonly serverName: string | undefined;
  /** Undefined if the peer showed none. A server asks for one only if told to. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** The state of a socket after its handshake; undefined for one without TLS. */
export function tlsStateOf(socket: Socket): TlsState | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { servername } = socket as TLSSocket & { readonly servername?: string | false };
  return {
    version: socket.getProtocol() ?? '',
    alpnProtocol: socket.alpnProtocol || undefined,
    serverName: servername || undefined,
    peerCertificate: peerCertificateOf(socket),
  };
}

/**
 * What the other side of a socket showed of itself in the handshake; undefined if it showed nothing, and without TLS. Read
 * once per socket: every call on it asks.
 */
export function peerCertificateOf(socket: Socket): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  let certificate = certificates.get(socket);
  if (certificate === undefined) {
    certificate = readCertificate(socket) ?? null;
    certificates.set(socket, certificate);
  }
  return certificate ?? undefined;
}

/** What was read, null for nothing. */
const certificates = new WeakMap<TLSSocket, PeerCertificate | null>();

function readCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { subject, issuer, fingerprint256, subjectAltName } = certificate;
  return {
    subject,
    issuer,
    commonName: /^CN=(.*)$/m.exec(subject)?.[1] ?? '',
    alternativeNames: subjectAltName?.split(', ') ?? [],
    fingerprint: fingerprint256,
    isVerified: socket.authorized,
  };
}
