import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Whose certificate it is, as far as a service needs to know. */
export interface PeerCertificate {
  /** `CN=room, O=Example`: the parts of the subject, one a line, as the platform writes them. */
  readonly subject: string;
  readonly issuer: string;
  /** The common name of the subject; empty if it has none. */
  readonly commonName: string;
  /** The alternative names: `DNS:room.example.com`, `URI:spiffe://example.com/room`. Empty if there are none. */
  readonly alternativeNames: readonly string[];
  /** SHA-256, in hexadecimal, with colons. */
  readonly fingerprint: string;
  /** Whether it was signed by one of the authorities that were given. Only then do the names say anything. */
  readonly isVerified: boolean;
}

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

/** The state of a socket after its handshake; undefined for one without TLS. Reads the certificate anew each time: keep it. */
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

function peerCertificateOf(socket: TLSSocket): PeerCertificate | undefined {
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
