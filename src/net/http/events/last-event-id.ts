import type { HttpRequestHead } from '../request.ts';

/**
 * The id of the last event that the client has seen of this stream, as a browser's EventSource says by itself when it comes
 * back (WHATWG HTML, section 9.2.3); undefined for one that comes for the first time. The client chooses it: look whether it
 * is one of yours, as `EventLog.follow` does.
 */
export function lastEventId(request: HttpRequestHead): string | undefined {
  const value = request.header('last-event-id');
  if (value === undefined || value === '') return undefined;
  // Header text is one character a byte, and browsers send ids in UTF-8.
  return Buffer.from(value, 'latin1').toString('utf8');
}
