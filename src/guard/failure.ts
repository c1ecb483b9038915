import type { Code, StatusError } from '../errors/index.ts';

/**
 * What says that whoever was called is not well: it broke, it did not answer in time, or it refused for overload. The
 * other codes are answers: a caller that asks for what is not there, or for more than its quota, was served.
 */
const failures: ReadonlySet<Code> = new Set(['deadline_exceeded', 'unavailable', 'internal', 'unknown', 'data_loss']);

/**
 * Whether the end of a call speaks against the node that was called, for outlier ejection. Success (undefined), business
 * errors, limits (`resource_exhausted`: the node answers as it should) and a caller that left do not. Breakers judge a whole
 * service, which may well be asked for less then: see `verdictOf`.
 */
export function countsAsFailure(error: StatusError | undefined): boolean {
  return error !== undefined && failures.has(error.code);
}
