/**
 * The 16 canonical codes: those of gRPC, spelled as the Connect protocol spells them on the wire.
 * The order is the gRPC number (`canceled` is 1); `ok` is not an error and therefore not here.
 */
export const codes = [
  'canceled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const;

/** One of {@link codes}: a closed set, so that a `switch` over it can be exhaustive. */
export type Code = (typeof codes)[number];

/** The HTTP status of each code, as google.rpc.Code documents it; 499 is nginx's "client closed request". */
const httpStatus: Readonly<Record<Code, number>> = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
};

/** Statuses that a foreign HTTP server or proxy may answer, and the code that says the same to a caller. */
const codeOfStatus: Readonly<Record<number, Code>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  405: 'unimplemented',
  408: 'deadline_exceeded',
  409: 'aborted',
  412: 'failed_precondition',
  413: 'resource_exhausted',
  414: 'invalid_argument',
  415: 'invalid_argument',
  416: 'out_of_range',
  422: 'invalid_argument',
  429: 'resource_exhausted',
  431: 'resource_exhausted',
  499: 'canceled',
  500: 'internal',
  501: 'unimplemented',
  502: 'unavailable',
  503: 'unavailable',
  504: 'deadline_exceeded',
};

/** Whether a value from a wire is one of the codes, spelled exactly so. */
export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && (codes as readonly string[]).includes(value);
}

/** The HTTP status of a code. Several codes share one, so the body says the code and the status only its class. */
export function httpStatusOf(code: Code): number {
  return httpStatus[code];
}

/** The code for a status of a server that sent no error body of ours. A 2xx or 3xx is not an error and gives `unknown`. */
export function codeOfHttpStatus(status: number): Code {
  const known = codeOfStatus[status];
  if (known !== undefined) return known;
  if (status >= 500 && status < 600) return 'unavailable';
  if (status >= 400 && status < 500) return 'failed_precondition';
  return 'unknown';
}

/** The gRPC status number, 1 to 16. */
export function grpcStatusOf(code: Code): number {
  return codes.indexOf(code) + 1;
}

/** The code of a gRPC status number; a number outside 1 to 16 gives `unknown`, as the gRPC specification asks. */
export function codeOfGrpcStatus(status: number): Code {
  return codes[status - 1] ?? 'unknown';
}
