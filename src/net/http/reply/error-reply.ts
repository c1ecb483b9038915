import { type StatusError, toBody } from '../../../errors/index.ts';
import { statusOf } from '../http-errors.ts';
import { isFieldText } from './field-text.ts';

export interface ErrorReply {
  readonly status: number;
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** The one error shape. Give it only what may leave the service. */
export function errorReply(error: StatusError): ErrorReply {
  const headers = ['content-type', 'application/json'];
  const header = error.domain === 'flotilla' ? headerOfReason.get(error.reason) : undefined;
  const value = header === undefined ? undefined : error.metadata[header[1]];
  // The error may be another server's, who says what it likes.
  if (header !== undefined && value !== undefined && isFieldText(value)) headers.push(header[0], value);
  const { retryAfterMs } = error.metadata;
  if (retryAfterMs !== undefined && /^\d{1,10}$/.test(retryAfterMs)) {
    headers.push('retry-after', retryAfterSeconds(Number(retryAfterMs)));
  }
  return { status: statusOf(error), headers, body: JSON.stringify(toBody(error)) };
}

/** `Retry-After` is in whole seconds; 0 would be read as "now". (RFC 9110, section 10.2.3) */
export function retryAfterSeconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

/** What HTTP says in a header of its own, and the field of the error's metadata that it stands in. */
const headerOfReason: ReadonlyMap<string, readonly [header: string, field: string]> = new Map([
  ['METHOD_NOT_ALLOWED', ['allow', 'allow']],
  ['RANGE_NOT_SATISFIABLE', ['content-range', 'contentRange']],
  ['UNSUPPORTED_MEDIA_TYPE', ['accept-encoding', 'acceptEncoding']],
  ['UPGRADE_REQUIRED', ['upgrade', 'upgrade']],
]);
