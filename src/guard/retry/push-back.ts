import type { StatusError } from '../../errors/index.ts';

/**
 * What the server says about coming back, from the error's metadata: milliseconds to wait, below 0 for not at all (any
 * number that is none counts as that, as gRPC A6 has it), undefined where it says nothing.
 */
export function pushBackOf(error: StatusError): number | undefined {
  const text = error.metadata.retryAfterMs;
  if (text === undefined) return undefined;
  return /^\d{1,10}$/.test(text) ? Number(text) : -1;
}
