import { type Code, defineErrors, httpStatusOf } from '../../errors/index.ts';

/** What HTTP itself refuses, before or instead of a handler. The domain is `flotilla`. */
export const HttpErrors = defineErrors('flotilla', {
  ROUTE_NOT_FOUND: { code: 'not_found', description: '404: no route matches the path' },
  METHOD_NOT_ALLOWED: { code: 'unimplemented', description: '405: the path exists for the methods in Allow' },
  MALFORMED_REQUEST: { code: 'invalid_argument', description: '400: not a valid HTTP request' },
  MALFORMED_JSON: { code: 'invalid_argument', description: '400: the body is not JSON' },
  MALFORMED_FORM: { code: 'invalid_argument', description: '400: the body is not a form, or not one that is taken' },
  INVALID_UTF8: { code: 'invalid_argument', description: '400: the body is not UTF-8' },
  NOT_ACCEPTABLE: { code: 'invalid_argument', description: '406: nothing that Accept asks for can be made' },
  REQUEST_TIMEOUT: { code: 'deadline_exceeded', description: '408: the request did not arrive in time' },
  PRECONDITION_FAILED: { code: 'failed_precondition', description: '412: a condition of the request does not hold' },
  BODY_TOO_LARGE: { code: 'resource_exhausted', description: '413: the body exceeds maxBodyBytes' },
  UNSUPPORTED_MEDIA_TYPE: { code: 'invalid_argument', description: '415: the content type or encoding is not taken' },
  RANGE_NOT_SATISFIABLE: { code: 'out_of_range', description: '416: the range lies beyond the end' },
  UNSUPPORTED_EXPECTATION: {
    code: 'invalid_argument',
    description: '417: Expect says something else than 100-continue',
  },
  UPGRADE_REQUIRED: { code: 'failed_precondition', description: '426: the route speaks the protocol in Upgrade only' },
  HEADERS_TOO_LARGE: { code: 'resource_exhausted', description: '431: the headers exceed their size or count' },
  TOO_MANY_OPEN_FILES: { code: 'unavailable', description: '503: as many files as can be are being sent' },
  FILE_BUSY: { code: 'unavailable', description: '503: the file is being changed over and over again' },
  TOO_MANY_CONNECTIONS: { code: 'unavailable', description: '503: the server has maxConnections open' },
});

/** Where HTTP has a status of its own that says more than the one of the code. */
const statusOfReason: Readonly<Record<string, number>> = {
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  REQUEST_TIMEOUT: 408,
  PRECONDITION_FAILED: 412,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RANGE_NOT_SATISFIABLE: 416,
  UNSUPPORTED_EXPECTATION: 417,
  UPGRADE_REQUIRED: 426,
  HEADERS_TOO_LARGE: 431,
};

/** The status that an error is answered with. */
export function statusOf(error: { readonly code: Code; readonly reason: string; readonly domain: string }): number {
  return (error.domain === 'flotilla' ? statusOfReason[error.reason] : undefined) ?? httpStatusOf(error.code);
}
