import { createPrivateKey, X509Certificate } from 'node:crypto';
import { pemText, pemTexts } from './certificate-set.ts';
import type { TlsClientOptions } from './tls-client.ts';

/**
 * Refuses what no handshake can succeed with, before there is one: authorities that hold no certificate, a certificate without
 * its key, or with that of another. Throws a TypeError that names `where` and the option.
 */
export function checkTlsClient(where: string, options: TlsClientOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${where}: tls is ${String(options)}; give an object, {} for the platform's authorities`);
  const { ca, cert, key, passphrase } = options;
  for (const pem of ca === undefined ? [] : pemTexts(ca)) readCertificate(`${where}: tls.ca`, pem);
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    throw new TypeError(`${where}: tls.${given} is given without tls.${missing}; a client shows who it is with both`);
  }
  if (cert === undefined || key === undefined) return;
  const certificate = readCertificate(`${where}: tls.cert`, pemText(cert));
  const isItsKey = reading(`${where}: tls.key is no private key in PEM`, () =>
    certificate.checkPrivateKey(
      createPrivateKey({ key: pemText(key), ...(passphrase !== undefined && { passphrase }) }),
    ),
  );
  if (!isItsKey) throw new TypeError(`${where}: tls.key is not the key of tls.cert (${certificate.subject})`);
}

/** The first of the text. */
function readCertificate(where: string, pem: string): X509Certificate {
  return reading(`${where} holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")`, () => {
    return new X509Certificate(pem.slice(Math.max(0, pem.indexOf('-----BEGIN'))));
  });
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new TypeError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
