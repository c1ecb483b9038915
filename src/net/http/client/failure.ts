import { StatusError } from '../../../errors/index.ts';
import { ConnectionGone } from './connection.ts';

/** Who was asked, for people: without the query, which may hold secrets. */
export function describe(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** No answer, or none that can be understood: `unavailable` (CONNECTION_FAILED). */
export function connectionFailed(source: string, cause: unknown): StatusError {
  return new StatusError('unavailable', `${source}: ${reasonOf(cause)}`, { reason: 'CONNECTION_FAILED', cause });
}

export function tooLarge(source: string, what: 'bytes' | 'bytes of headers', maxBytes: number): StatusError {
  return new StatusError('resource_exhausted', `${source} answered with more than ${maxBytes} ${what}`, {
    reason: 'RESPONSE_TOO_LARGE',
    metadata: { maxBytes: String(maxBytes) },
  });
}

/** An answer that came whole and makes no sense. */
export function malformed(source: string, what: string, cause?: unknown): StatusError {
  return new StatusError('data_loss', `${source} answered ${what}`, { reason: 'MALFORMED_RESPONSE', cause });
}

export function clientClosed(): StatusError {
  return new StatusError('failed_precondition', 'the HTTP client is closed', { reason: 'CLIENT_CLOSED' });
}

const mistakes: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

/** What undici, the socket or DNS says, as one of ours. */
export function failureOf(source: string, maxHeaderBytes: number, error: unknown): Error {
  const code = codeOf(error);
  // Such a request could not be said in HTTP: the caller's mistake, like an address that is none.
  if (mistakes.has(code))
    return new TypeError(`http.client: ${error instanceof Error ? error.message : code}`, { cause: error });
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return tooLarge(source, 'bytes of headers', maxHeaderBytes);
  return connectionFailed(source, error);
}

/**
 * Whether the server may just have closed a connection that was idle for it, so that nobody has seen the request. What
 * came over the wire and was no HTTP is not that.
 */
export function isClosedByPeer(error: unknown): boolean {
  if (error instanceof ConnectionGone) return true;
  const code = codeOf(error);
  if (code === 'ECONNRESET' || code === 'EPIPE') return true;
  return code === 'UND_ERR_SOCKET' && error instanceof Error && /closed/.test(error.message);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // All addresses of a name failed.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return error.message || codeOf(error) || error.name;
}
