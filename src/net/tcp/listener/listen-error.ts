import { StatusError } from '../../../errors/index.ts';

interface Wanted {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
}

/** What the operating system said about listening, as an error that tells the reader what to do. */
export function listenError(error: NodeJS.ErrnoException, { host = '', port = 0, path }: Wanted): StatusError {
  if (path !== undefined) return unixError(error, path);
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const metadata = { host, port: String(port) };
  switch (error.code) {
    case 'EADDRINUSE':
      return new StatusError(
        'already_exists',
        `${at} is already in use by another process: stop it (find it with "lsof -i :${port}") or choose another port`,
        { reason: 'ADDRESS_IN_USE', metadata, cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      return new StatusError(
        'permission_denied',
        `this user may not listen on ${at}: ports below 1024 need privileges; choose a port from 1024 to 65535`,
        { reason: 'PORT_NOT_PERMITTED', metadata, cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StatusError(
        'invalid_argument',
        `"${host}" is not an address of this machine: give one of its own, 127.0.0.1, or 0.0.0.0 for all of them`,
        { reason: 'ADDRESS_NOT_AVAILABLE', metadata, cause: error },
      );
    case 'ENOTSUP':
      return new StatusError(
        'unimplemented',
        `reusePort is not supported on ${process.platform}: leave it out and let one process own ${at}`,
        { reason: 'REUSE_PORT_UNSUPPORTED', metadata, cause: error },
      );
    default:
      return new StatusError('unavailable', `cannot listen on ${at}: ${error.message}`, {
        reason: 'LISTEN_FAILED',
        metadata,
        cause: error,
      });
  }
}

function unixError(error: NodeJS.ErrnoException, path: string): StatusError {
  const options = { metadata: { path }, cause: error };
  switch (error.code) {
    case 'EADDRINUSE':
      return new StatusError('already_exists', `${path} is in use by another process: stop it or choose another path`, {
        ...options,
        reason: 'ADDRESS_IN_USE',
      });
    case 'EACCES':
    case 'EPERM':
      return new StatusError('permission_denied', `this user may not make the socket ${path}: choose another folder`, {
        ...options,
        reason: 'PATH_NOT_PERMITTED',
      });
    default:
      return new StatusError('unavailable', `cannot listen on ${path}: ${error.message}`, {
        ...options,
        reason: 'LISTEN_FAILED',
      });
  }
}
