import type { Code } from './code.ts';
import { StatusError } from './status-error.ts';

/** What one reason of a domain means. */
export interface ErrorDefinition {
  readonly code: Code;
  /** For the reader of the catalogue; not sent. Default: none. */
  readonly description?: string;
}

/** What one occurrence adds to its reason; both as in StatusErrorOptions. */
export interface DefinedErrorOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Makes a fresh StatusError of one reason; also the target of `errors.is`. */
export interface DefinedError {
  (message: string, options?: DefinedErrorOptions): StatusError;
  readonly domain: string;
  readonly reason: string;
  readonly code: Code;
}

/**
 * Declares the business reasons of a domain, once, beside the code that throws them.
 *
 *     export const RoomErrors = defineErrors('live.room', { ROOM_CLOSED: { code: 'failed_precondition' } });
 *     throw RoomErrors.ROOM_CLOSED(`room ${id} is closed`);
 *
 * Throws a TypeError for a reason that is not UPPER_SNAKE_CASE of 3 to 63 characters (google.rpc.ErrorInfo).
 */
export function defineErrors<const D extends Readonly<Record<string, ErrorDefinition>>>(
  domain: string,
  definitions: D,
): { readonly [K in keyof D]: DefinedError } {
  if (domain === '')
    throw new TypeError('defineErrors: the domain is empty; give the name of your service, like "live.room"');
  const made: Record<string, DefinedError> = {};
  for (const [reason, { code }] of Object.entries(definitions)) {
    if (!/^[A-Z][A-Z0-9_]{1,61}[A-Z0-9]$/.test(reason)) {
      throw new TypeError(`defineErrors: the reason "${reason}" must be UPPER_SNAKE_CASE, 3 to 63 characters`);
    }
    const create = (message: string, options: DefinedErrorOptions = {}) =>
      new StatusError(code, message, { ...options, reason, domain });
    made[reason] = Object.assign(create, { domain, reason, code });
  }
  return made as { readonly [K in keyof D]: DefinedError };
}
