import { StatusError } from '../errors/index.ts';
import type { Rejection } from './admission.ts';

/** A response header of servers that refused a call before any work: whatever the method does, the call may be repeated. */
export const refusedHeader = 'flotilla-refused';

/** The error that a refused caller is sent: with `retryAfterMs` in its metadata, which survives every protocol. */
export function errorOfRejection({ error, retryAfterMs }: Rejection): StatusError {
  if (retryAfterMs === undefined || error.metadata.retryAfterMs !== undefined) return error;
  const { code, message, reason, domain, metadata } = error;
  const after = String(Math.ceil(retryAfterMs));
  return new StatusError(code, message, {
    reason,
    domain,
    metadata: { ...metadata, retryAfterMs: after },
    cause: error,
  });
}

/**
 * The milliseconds that the headers of an answer ask to wait, as text: `grpc-retry-pushback-ms` (gRPC A6; below 0: do not
 * retry), or `Retry-After` in seconds (RFC 9110, section 10.2.3; a date is not read: clocks differ). Undefined: none.
 */
export function pushBackHeader(get: (name: string) => string | null | undefined): string | undefined {
  const pushback = get('grpc-retry-pushback-ms');
  if (pushback !== null && pushback !== undefined) return /^\d{1,10}$/.test(pushback) ? pushback : '-1';
  const seconds = get('retry-after');
  return typeof seconds === 'string' && /^\d{1,7}$/.test(seconds) ? String(Number(seconds) * 1_000) : undefined;
}

/** The error with what the headers of its answer asked, unless its own metadata say it, to the millisecond. */
export function withPushBack(error: StatusError, pushBackMs: string | undefined): StatusError {
  if (pushBackMs === undefined || error.metadata.retryAfterMs !== undefined) return error;
  const { code, message, reason, domain, metadata } = error;
  return new StatusError(code, message, { reason, domain, metadata: { ...metadata, retryAfterMs: pushBackMs } });
}
