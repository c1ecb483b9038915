import { HttpErrors } from '../http-errors.ts';

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
  } catch (thrown) {
    throw HttpErrors.MALFORMED_JSON(`the body is not JSON: ${reasonOf(thrown)}`);
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

/** The engine's own message quotes the text around the mistake, which may be a secret and would stand in the log. */
function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : '';
  if (/^Unexpected end|^Unterminated/.test(message)) return 'it ends too early';
  const token = /^Unexpected token (?:'.{1,2}'|")/u.exec(message)?.[0].toLowerCase() ?? 'unexpected text';
  return `${token}${/ at position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0] ?? ''}`;
}
