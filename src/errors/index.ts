/**
 * # flotilla/errors
 *
 * One error, 16 canonical codes, stable reasons, and one shape on every wire.
 *
 *     import * as errors from 'flotilla/errors';
 *
 *     const RoomErrors = errors.defineErrors('live.room', { ROOM_CLOSED: { code: 'failed_precondition' } });
 *     throw RoomErrors.ROOM_CLOSED(`room ${id} is closed`, { cause });
 *     if (errors.is(e, RoomErrors.ROOM_CLOSED)) ...
 *
 * Rules: throw StatusErrors for what a caller can meet and plain TypeErrors for programmer mistakes; branch on code or
 * reason, never on text; wrap where a sentence helps the reader of the log. Not here: transports (they map by the
 * tables in `code.ts`), logging, retries.
 */
export {
  as,
  chain,
  conceal,
  type ErrorTarget,
  format,
  from,
  is,
  wrap,
} from './chain.ts';
export {
  type Code,
  codeOfGrpcStatus,
  codeOfHttpStatus,
  codes,
  grpcStatusOf,
  httpStatusOf,
  isCode,
} from './code.ts';
export { type DefinedError, type DefinedErrorOptions, defineErrors, type ErrorDefinition } from './define.ts';
export { isStatusError, StatusError, type StatusErrorOptions } from './status-error.ts';
export { type ErrorBody, type ErrorDetail, encodeErrorInfo, errorInfoType, fromBody, toBody } from './wire.ts';
