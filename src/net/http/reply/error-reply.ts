import { type StatusError, toBody } from '../../../errors/index.ts';
import { statusOf } from '../http-errors.ts';

export interface ErrorReply {
  readonly status: number;
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** The one error shape. Give it only what may leave the service. */
export function errorReply(error: StatusError): ErrorReply {
  const headers = ['content-type', 'application/json'];
  const allow = error.domain === 'flotilla' && error.reason === 'METHOD_NOT_ALLOWED' ? error.metadata.allow : undefined;
  if (allow !== undefined) headers.push('allow', allow);
  return { status: statusOf(error), headers, body: JSON.stringify(toBody(error)) };
}
