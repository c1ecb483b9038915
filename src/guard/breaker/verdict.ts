import type { Code, StatusError } from '../../errors/index.ts';

/** What an outcome says about the one who was called; `neither` says nothing. */
export type Verdict = 'success' | 'failure' | 'neither';

/** The other side is broken, too slow or gone. */
const failures: ReadonlySet<Code> = new Set(['deadline_exceeded', 'unavailable', 'internal', 'unknown']);
/** What one caller may ask for is used up: true for that caller alone, and no sign that the server has too much to do. */
const ownFault: ReadonlySet<string> = new Set([
  'RATE_LIMITED',
  'QUOTA_EXHAUSTED',
  'MESSAGE_TOO_LARGE',
  'RESPONSE_TOO_LARGE',
]);
/** Errors of the framework and of foreign servers have one of these; others belong to the application. */
const domains: ReadonlySet<string> = new Set(['flotilla', 'flotilla.rpc', 'flotilla.http']);

/**
 * The default way to judge: errors of the application (`invalid_argument`, `not_found`, ...) are answers of a server that
 * works; a call that its caller cancelled, or for which too little time was left from the start, proves nothing.
 */
export function verdictOf(error: StatusError | undefined): Verdict {
  if (error === undefined) return 'success';
  const { code } = error;
  if (code === 'canceled') return 'neither';
  if (code === 'deadline_exceeded' && error.reason === 'DEADLINE_TOO_SHORT') return 'neither';
  if (code === 'resource_exhausted')
    return domains.has(error.domain) && !ownFault.has(error.reason) ? 'failure' : 'success';
  return failures.has(code) ? 'failure' : 'success';
}
