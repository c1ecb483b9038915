/**
 * Why no secure connection came about, on one line, and what to do where the platform's words do not say it: its own text
 * is that of OpenSSL, with addresses in memory, source files and a line feed.
 */
export function tlsFailureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '', reason } = error as Error & { readonly code?: string; readonly reason?: string };
  const known = knownFailures[code];
  if (known !== undefined) return known;
  const alert = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13|SSL\/TLS)_ALERT_(.+)$/.exec(code)?.[1];
  if (alert !== undefined) return `the other side refuses the handshake: ${alert.toLowerCase().replaceAll('_', ' ')}`;
  if (reason !== undefined && /:error:[0-9A-F]{8}:/.test(error.message)) return reason;
  return error.message.trim();
}

const asksForCertificate =
  'the other side asks for a certificate of the client, and takes none or not this one: give cert and key of an authority it believes';
const notBelieved =
  'its certificate is not from an authority that is believed here: give that of the authority as ca, or NODE_EXTRA_CA_CERTS';
const noTls = 'it does not speak TLS on this port';

const knownFailures: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_HTTP_REQUEST: noTls,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: asksForCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: asksForCertificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: notBelieved,
  UNABLE_TO_GET_ISSUER_CERT: notBelieved,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: notBelieved,
  SELF_SIGNED_CERT_IN_CHAIN: notBelieved,
  DEPTH_ZERO_SELF_SIGNED_CERT: notBelieved,
  CERT_HAS_EXPIRED: 'its certificate has expired (or the clock of this machine is ahead)',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet (or the clock of this machine is behind)',
};
