import type { Code } from './code.ts';
import type { DefinedError } from './define.ts';
import { isStatusError, StatusError } from './status-error.ts';

/** A cause chain longer than this is cut, which also ends a chain that loops. */
const maxDepth = 32;

/** What `is` looks for: a defined reason, a code, or a class. */
// biome-ignore lint/suspicious/noExplicitAny: a constructor's parameters do not matter to instanceof
export type ErrorTarget = DefinedError | Code | (abstract new (...args: any[]) => unknown);

/**
 * The error and its causes, outermost first. Of a SuppressedError, which `using` makes where a block and its end both
 * throw, the error of the end comes next, with its causes, and then that of the block. The members of an AggregateError
 * are not followed.
 */
export function chain(error: unknown): unknown[] {
  const links: unknown[] = [];
  const next = [error];
  while (next.length > 0 && links.length < maxDepth) {
    const link = next.pop();
    if (link === undefined || link === null || links.includes(link)) continue;
    links.push(link);
    if (link instanceof SuppressedError) next.push(link.suppressed, link.error);
    else if (link instanceof Error) next.push(link.cause);
  }
  return links;
}

/**
 * Whether the error or one of its causes has this reason, code or class.
 *
 *     errors.is(e, RoomErrors.ROOM_CLOSED)   // domain and reason
 *     errors.is(e, 'deadline_exceeded')      // code
 *     errors.is(e, TypeError)                // class
 */
export function is(error: unknown, target: ErrorTarget): boolean {
  return chain(error).some((link) => matches(link, target));
}

/** The first StatusError of the chain that matches the target (default: any), or undefined. */
export function as(error: unknown, target?: DefinedError | Code): StatusError | undefined {
  return chain(error).find(
    (link): link is StatusError => isStatusError(link) && (target === undefined || matches(link, target)),
  );
}

/**
 * Adds what was being done, and keeps the code, reason, domain and metadata of what went wrong.
 *
 *     throw errors.wrap(e, `read room ${id}`);   // message: "read room 7: room 7 is closed"
 */
export function wrap(error: unknown, doing: string): StatusError {
  const inner = from(error);
  return new StatusError(inner.code, `${doing}: ${inner.message}`, {
    reason: inner.reason,
    domain: inner.domain,
    metadata: inner.metadata,
    cause: error,
  });
}

/**
 * Turns anything thrown into a StatusError. A StatusError is returned as it is. An AbortError becomes `canceled`, a
 * TimeoutError `deadline_exceeded`, both without their message, since libraries say in it whom they waited for; a
 * SuppressedError speaks with the error of the end of its block; anything else becomes `unknown`. The thrown value is the
 * cause. A server hides an unknown error with {@link conceal}.
 */
export function from(error: unknown): StatusError {
  if (isStatusError(error)) return error;
  if (error instanceof SuppressedError) {
    const { code, message, reason, domain, metadata } = from(error.error);
    return new StatusError(code, message, { reason, domain, metadata, cause: error });
  }
  if (error instanceof Error) {
    if (error.name === 'AbortError') return new StatusError('canceled', 'the operation was aborted', { cause: error });
    if (error.name === 'TimeoutError')
      return new StatusError('deadline_exceeded', 'the operation timed out', { cause: error });
    return new StatusError('unknown', error.message, { cause: error });
  }
  return new StatusError('unknown', `thrown: ${describe(error)}`, { cause: error });
}

/**
 * What may leave a service. A deliberate StatusError passes. Anything else (a TypeError, a driver's error, a StatusError
 * that {@link from} made of one) becomes `internal` without its message; `id` stands in its metadata as `errorId` and in
 * its text, so that the caller can quote it and the operator can find the log line.
 */
export function conceal(error: unknown, id: string): StatusError {
  const spoken = error instanceof SuppressedError ? error.error : error;
  if (isStatusError(spoken) && !(spoken.code === 'unknown' && spoken.domain === 'flotilla')) return from(error);
  const abort = from(error);
  if (abort.code === 'canceled' || abort.code === 'deadline_exceeded') return abort;
  return new StatusError('internal', `internal error ${id}`, {
    reason: 'INTERNAL',
    metadata: { errorId: id },
    cause: error,
  });
}

/** The whole chain for a log: each link with its code, reason, metadata and stack, indented under what it caused. */
export function format(error: unknown): string {
  return chain(error)
    .map((link, depth) => `${depth === 0 ? '' : 'caused by: '}${formatLink(link)}`)
    .join('\n');
}

function formatLink(link: unknown): string {
  if (!(link instanceof Error)) return describe(link);
  const frames = stackFrames(link);
  const head = isStatusError(link)
    ? `${link.domain}/${link.reason} (${link.code}): ${link.message}${formatMetadata(link.metadata)}`
    : `${link.name}: ${link.message}`;
  return frames === '' ? head : `${head}\n${frames}`;
}

function formatMetadata(metadata: Readonly<Record<string, string>>): string {
  const keys = Object.keys(metadata);
  return keys.length === 0 ? '' : ` {${keys.map((key) => `${key}=${metadata[key]}`).join(', ')}}`;
}

function stackFrames(error: Error): string {
  const lines = (error.stack ?? '').split('\n');
  const first = lines.findIndex((line) => line.trimStart().startsWith('at '));
  return first < 0 ? '' : lines.slice(first).join('\n');
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  try {
    return typeof value === 'object' ? (JSON.stringify(value) ?? String(value)) : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function matches(link: unknown, target: ErrorTarget): boolean {
  if (typeof target === 'string') return isStatusError(link) && link.code === target;
  if ('reason' in target && 'domain' in target) {
    return isStatusError(link) && link.reason === target.reason && link.domain === target.domain;
  }
  return link instanceof target;
}
