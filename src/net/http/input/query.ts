import { HttpErrors } from '../http-errors.ts';
import type { HttpQuery } from '../request.ts';

/**
 * The query of a request as the WHATWG URL form decoding gives it, but strict: broken percent-encoding throws
 * MALFORMED_REQUEST where URLSearchParams would guess. `text` is without the '?'. The record has no prototype, so no
 * name can meet a property of Object.
 */
export function parseQuery(text: string): HttpQuery {
  const query: Record<string, string | string[]> = Object.create(null);
  if (text === '') return query;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const known = query[name];
    if (known === undefined) query[name] = value;
    else if (typeof known === 'string') query[name] = [known, value];
    else known.push(value);
  }
  return query;
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodePercent(spaced, 'query') : spaced;
}

/** decodeURIComponent that throws MALFORMED_REQUEST. `where` is for the message: `query`, `path`. */
export function decodePercent(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    const shown = text.length > 64 ? `${text.slice(0, 64)}…` : text;
    throw HttpErrors.MALFORMED_REQUEST(`the ${where} has broken percent-encoding: "${shown}"`, { cause });
  }
}
