import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { TcpErrors } from '../tcp-errors.ts';
import { pemText, pemTexts } from './certificate-set.ts';
import { tlsFailureText } from './tls-failure.ts';
import type { Pem } from './tls-server-options.ts';

/** How a client speaks TLS. */
export interface TlsClientOptions {
  /** The name that the server's certificate must have, and that it is asked for (SNI). Default: the host that is dialed. */
  readonly serverName?: string;
  /** The authorities that are believed, as PEM. Default: those that the platform comes with. */
  readonly ca?: Pem | readonly Pem[];
  /** The client's own certificate, as PEM, for a server that asks for one; with `key`. Default: none. */
  readonly cert?: Pem;
  readonly key?: Pem;
  readonly passphrase?: string;
  /** Default: TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** The protocols that the client speaks, best first. Default: no ALPN. */
  readonly alpnProtocols?: readonly string[];
  /** Whether the server must prove who it is. False is for tests: anybody in between can then read and change everything. Default: true. */
  readonly verify?: boolean;
}

/** A secure connection upon `plain`, which it owns. Fails with TLS_FAILED; destroying `plain` gives up. */
export function secureClient(plain: Socket, host: string, options: TlsClientOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...connectionOptions(host, options), socket: plain });
    const onError = (cause: NodeJS.ErrnoException) => {
      socket.destroy();
      reject(failure(host, cause));
    };
    const onClose = () => reject(failure(host, new Error('the connection was closed during the handshake')));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      socket.off('error', onError).off('close', onClose);
      resolve(socket);
    });
  });
}

function connectionOptions(host: string, options: TlsClientOptions): ConnectionOptions {
  const { serverName = host, alpnProtocols } = options;
  return {
    // The name to verify; that to ask for must be no address (RFC 6066, section 3).
    host: serverName,
    ...(isIP(serverName) === 0 && { servername: serverName }),
    ...secureContextOf(options),
    ...(alpnProtocols !== undefined && { ALPNProtocols: [...alpnProtocols] }),
  };
}

/** For a client of `node:http2`, which dials by itself: the options as `tls.connect` takes them, but no protocols. */
export function tlsOptionsOf(options: Omit<TlsClientOptions, 'alpnProtocols'>): ConnectionOptions {
  const { serverName } = options;
  const secure = secureContextOf(options);
  if (serverName === undefined) return secure;
  if (isIP(serverName) === 0) return { ...secure, servername: serverName };
  return { ...secure, checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate) };
}

function secureContextOf(options: TlsClientOptions): ConnectionOptions {
  const { ca, cert, key, passphrase, minVersion = 'TLSv1.2', verify = true } = options;
  return {
    minVersion,
    rejectUnauthorized: verify,
    ...(ca !== undefined && { ca: pemTexts(ca) }),
    ...(cert !== undefined && { cert: pemText(cert) }),
    ...(key !== undefined && { key: pemText(key) }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

function failure(host: string, cause: NodeJS.ErrnoException): Error {
  const { code = '' } = cause;
  return TcpErrors.TLS_FAILED(`no secure connection to ${host}: ${tlsFailureText(cause)}`, {
    metadata: { code },
    cause,
  });
}
