import type { StatusError } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';
import { errorReply } from '../reply/error-reply.ts';
import type { ParseFailure } from './parse-failure.ts';
import { headerLines, statusLine } from './reply-lines.ts';

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

/** An answer to what is no request. */
export function refusalText(error: StatusError): string {
  const { status, headers, body } = errorReply(error);
  const content = Buffer.from(body).toString('latin1');
  return `${statusLine(status)}${headerLines(headers)}content-length: ${content.length}\r\nconnection: close\r\n\r\n${content}`;
}
