import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { TcpErrors } from '../tcp-errors.ts';
import type { CertificateSource, Pem, TlsServerOptions } from './tls-server-options.ts';

/** The certificates of a server, as they were last loaded without a fault. */
export class CertificateSet {
  readonly #options: TlsServerOptions;
  #loaded: Loaded | undefined;
  /** One load at a time, so that an older one does not win. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(options: TlsServerOptions) {
    this.#options = options;
  }

  /** Whether anything is read from files. */
  get hasFiles(): boolean {
    return [this.#options, ...Object.values(this.#options.serverNames ?? {})].some(
      ({ certFile }) => certFile !== undefined,
    );
  }

  /** Which of them are not valid at that time, in milliseconds of the epoch, in words; only as a warning: they are served. */
  outdated(atMs: number): string[] {
    return this.#current.validity.flatMap(({ name, validFromMs, validToMs }) => {
      if (atMs > validToMs) return [`that of ${name} has expired on ${new Date(validToMs).toISOString()}`];
      return atMs < validFromMs ? [`that of ${name} is not valid before ${new Date(validFromMs).toISOString()}`] : [];
    });
  }

  /** Of the server's own certificate. */
  get fallback(): SecureContextOptions {
    return this.#current.fallback;
  }

  /** The certificate for a host name: the name's own, that of a wildcard, or the server's. */
  contextFor(serverName: string): SecureContext {
    const { byName, fallbackContext } = this.#current;
    const name = serverName.toLowerCase();
    const parent = name.indexOf('.');
    return byName.get(name) ?? (parent < 0 ? undefined : byName.get(`*${name.slice(parent)}`)) ?? fallbackContext;
  }

  /** Reads everything anew; true if it has changed. Throws CERTIFICATE_UNUSABLE, and then nothing has. */
  load(): Promise<boolean> {
    const load = this.#loading.then(() => this.#load());
    this.#loading = load.catch(() => {});
    return load;
  }

  get #current(): Loaded {
    if (this.#loaded === undefined) throw new TypeError('the certificates are not loaded');
    return this.#loaded;
  }

  async #load(): Promise<boolean> {
    const { serverNames = {} } = this.#options;
    const fallback = await this.#read(this.#options, 'the server');
    const named = await Promise.all(
      Object.entries(serverNames).map(async ([name, source]) => [name, await this.#read(source, name)] as const),
    );
    const text = JSON.stringify([fallback, named]);
    if (text === this.#loaded?.text) return false;
    const byName = new Map(named.map(([name, options]) => [name.toLowerCase(), contextOf(options, name)]));
    const fallbackContext = contextOf(fallback, 'the server');
    const validity = [['the server', fallback] as const, ...named].map(([name, options]) => validityOf(options, name));
    this.#loaded = { text, fallback, fallbackContext, byName, validity };
    return true;
  }

  async #read(source: CertificateSource, name: string): Promise<SecureContextOptions> {
    const { ca, minVersion = 'TLSv1.2' } = this.#options;
    const { passphrase, certFile, keyFile } = source;
    const cert = certFile === undefined ? source.cert : await readPem(certFile, name);
    const key = keyFile === undefined ? source.key : await readPem(keyFile, name);
    return {
      cert: pemText(cert!),
      key: pemText(key!),
      minVersion,
      ...(passphrase !== undefined && { passphrase }),
      ...(ca !== undefined && { ca: pemTexts(ca) }),
    };
  }
}

interface Loaded {
  /** All that it was made of, to see a change. */
  readonly text: string;
  readonly fallback: SecureContextOptions;
  readonly fallbackContext: SecureContext;
  readonly byName: ReadonlyMap<string, SecureContext>;
  readonly validity: readonly Validity[];
}

interface Validity {
  readonly name: string;
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** PEM as the platform takes it. */
export function pemTexts(pem: Pem | readonly Pem[]): string[] {
  return typeof pem === 'string' || pem instanceof Uint8Array ? [pemText(pem)] : pem.map(pemText);
}

export function pemText(pem: Pem): string {
  return typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength).toString('latin1');
}

async function readPem(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch (cause) {
    throw TcpErrors.CERTIFICATE_UNUSABLE(`the certificate of ${name} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Of the first certificate of a chain, which `contextOf` has found to be one. */
function validityOf({ cert }: SecureContextOptions, name: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(String(cert));
  return { name, validFromMs: validFromDate.getTime(), validToMs: validToDate.getTime() };
}

/** It also says whether the key belongs to the certificate: files that are half replaced do not fit. */
function contextOf(options: SecureContextOptions, name: string): SecureContext {
  try {
    // The platform takes an empty text for none, and would fail in every handshake.
    if (options.cert === '' || options.key === '') throw new Error('the certificate or the key is empty');
    return createSecureContext(options);
  } catch (cause) {
    throw TcpErrors.CERTIFICATE_UNUSABLE(`the certificate of ${name} cannot be used: ${(cause as Error).message}`, {
      cause,
    });
  }
}
