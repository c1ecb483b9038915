/** PEM: text, or its bytes. */
export type Pem = string | Uint8Array;

/** A certificate with its chain, and its private key: both as PEM, or both as files of PEM, which are read again. */
export interface CertificateSource {
  readonly cert?: Pem;
  readonly key?: Pem;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Of the private key. Default: it is not encrypted. */
  readonly passphrase?: string;
}

/** How a server speaks TLS. Its own certificate is for clients that name no host, or one that is not listed. */
export interface TlsServerOptions extends CertificateSource {
  /**
   * Certificates by the host name that the client asks for (SNI): `room.example.com`, or `*.example.com` for all names with
   * one label more. An exact name goes before a wildcard. Default: one certificate for all.
   */
  readonly serverNames?: Readonly<Record<string, CertificateSource>>;
  /**
   * Whether clients must show a certificate. `optional` also takes one that nobody has signed: look at `isVerified`. Default:
   * none, they are not asked.
   */
  readonly clientCertificate?: 'none' | 'optional' | 'required';
  /** The authorities that sign the certificates of clients, as PEM. Needed to ask for one: those of the Web sign for everybody. */
  readonly ca?: Pem | readonly Pem[];
  /** Default: TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** The protocols on offer, best first: `['h2', 'http/1.1']`. A client that offers others only is refused. Default: no ALPN. */
  readonly alpnProtocols?: readonly string[];
  /** How long a handshake may take, in milliseconds. Default: 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** How often files are looked at for new certificates, in milliseconds; 0: never. Default: 60,000. */
  readonly reloadMs?: number;
}

/** Throws a TypeError for what does not fit together and a RangeError for a number or name out of its range. */
export function checkTlsServerOptions(where: string, options: TlsServerOptions): void {
  const { serverNames = {}, clientCertificate = 'none', ca, handshakeTimeoutMs = 10_000, reloadMs = 60_000 } = options;
  checkSource(`${where}: tls`, options);
  for (const [name, source] of Object.entries(serverNames)) {
    if (!/^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(name))
      throw new RangeError(`${where}: tls.serverNames has "${name}", which is no host name and no "*." with one`);
    checkSource(`${where}: tls.serverNames["${name}"]`, source);
  }
  if (clientCertificate !== 'none' && ca === undefined)
    throw new TypeError(
      `${where}: tls.clientCertificate "${clientCertificate}" needs tls.ca, the authorities to believe`,
    );
  if (!(handshakeTimeoutMs >= 1))
    throw new RangeError(`${where}: tls.handshakeTimeoutMs is ${handshakeTimeoutMs}; it must be from 1`);
  if (!(reloadMs >= 0)) throw new RangeError(`${where}: tls.reloadMs is ${reloadMs}; it must be from 0`);
}

function checkSource(where: string, { cert, key, certFile, keyFile }: CertificateSource): void {
  const isText = cert !== undefined && key !== undefined && certFile === undefined && keyFile === undefined;
  const isFiles = cert === undefined && key === undefined && certFile !== undefined && keyFile !== undefined;
  if (!isText && !isFiles) throw new TypeError(`${where} needs cert and key, or certFile and keyFile, and not both`);
}
