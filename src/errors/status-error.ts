import type { Code } from './code.ts';

/** All but code and message. Metadata travels with the error, so keep it public and small. */
export interface StatusErrorOptions {
  /** Stable, machine-readable, UPPER_SNAKE_CASE. Default: the code in upper case. */
  readonly reason?: string;
  /** Who defines the reason, for example `live.room`. Default: `flotilla`. */
  readonly domain?: string;
  /** Facts for a program: small, public, never a secret. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What went wrong below. Printed in logs, never sent over a wire. */
  readonly cause?: unknown;
}

/** Recognises a StatusError of another copy of this module, which `instanceof` would miss. */
const brand = Symbol.for('flotilla.StatusError');

/**
 * The one error of Flotilla: a canonical code, a stable reason within a domain, and a message for people.
 *
 * Callers branch on `code` or `reason`, never on the message. The message and the metadata reach the caller over every
 * transport, the cause and the stack never do.
 */
export class StatusError extends Error {
  override readonly name: string = 'StatusError';
  readonly code: Code;
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly [brand] = true;

  constructor(code: Code, message: string, options: StatusErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.reason = options.reason ?? code.toUpperCase();
    this.domain = options.domain ?? 'flotilla';
    this.metadata = options.metadata ?? {};
  }
}

/** Whether it is a StatusError, also one that another copy of this package made, which `instanceof` would miss. */
export function isStatusError(value: unknown): value is StatusError {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
