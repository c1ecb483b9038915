import type { StatusError } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';
import type { ParseFailure } from './parse-failure.ts';

/** What a client is told about bytes that are no request. */
export function refusalOf(failure: ParseFailure): StatusError {
  switch (failure.status) {
    case 431:
      return HttpErrors.HEADERS_TOO_LARGE(failure.what);
    case 413:
      return HttpErrors.BODY_TOO_LARGE(failure.what);
    default:
      return HttpErrors.MALFORMED_REQUEST(`the request is not valid HTTP/1.1: ${failure.what}`);
  }
}
