import { isStatusError } from '../errors/index.ts';
import { tlsFailureText } from '../net/tcp/index.ts';

/**
 * Why a node could not be reached, for whoever has only this line: what the platform said, without what the address says
 * already, and in words where it said little. No cause: it closed the connection.
 */
export function connectFailureText(url: string, cause: unknown): string {
  if (cause === undefined) {
    const wants = url.startsWith('https') ? 'another certificate of the client' : 'TLS';
    return `it closed the connection before it said anything, as a server does that wants ${wants}`;
  }
  // Of dialing: "cannot connect to that host" and "no secure connection to it" are said once, by our own.
  if (isStatusError(cause)) return cause.cause === undefined ? cause.message : connectFailureText(url, cause.cause);
  // Of a name with several addresses there are several errors; the first says as much as any.
  if (cause instanceof AggregateError && cause.errors.length > 0) return connectFailureText(url, cause.errors[0]);
  if (cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ERR_HTTP2_ERROR')
    return `it does not speak HTTP/2 (${cause.message})`;
  return tlsFailureText(cause);
}
