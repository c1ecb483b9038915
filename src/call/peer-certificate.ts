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
