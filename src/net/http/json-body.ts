import { HttpErrors } from './http-errors.ts';

// `ignoreBOM` keeps the mark, so that a BOM, which RFC 8259 section 8.1 forbids, is refused by the JSON parser.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a body. Throws INVALID_UTF8. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch (cause) {
    throw HttpErrors.INVALID_UTF8('the body is not valid UTF-8', { cause });
  }
}

/**
 * The value of a JSON body. Throws MALFORMED_JSON, also for an object with a key that would change prototypes when the
 * handler copies it (`__proto__`, `constructor.prototype`): such a body is an attack or a mistake, never data.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw HttpErrors.MALFORMED_JSON(`the body is not JSON: ${reasonOf(cause)}`, { cause });
  }
  // A walk costs as much as the parse; a body without these letters (or an escape that may hide them) needs none.
  if (suspect.test(text)) refusePollution(value);
  return value;
}

const suspect = /__proto__|constructor|\\u00/;

function refusePollution(root: unknown): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      const member: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
      if (key === '__proto__' || (key === 'constructor' && hasPrototypeKey(member))) {
        throw HttpErrors.MALFORMED_JSON(`the body has the key "${key}", which is not accepted`);
      }
      open.push(member);
    }
  }
}

function hasPrototypeKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

/** The engine's message quotes up to the whole text; its first words and the position are enough, and bounded. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : 'it cannot be parsed';
  const position = /at position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0];
  return position === undefined
    ? 'it ends too early or holds something that JSON does not have'
    : `unexpected text ${position}`;
}
