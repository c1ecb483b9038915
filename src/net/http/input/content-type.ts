import type { StatusError } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';

/** A media type with its parameters (RFC 9110, section 8.3.1). */
export interface ContentType {
  /** `application/json`, in lower case. */
  readonly essence: string;
  /** By name in lower case; quotes and escapes taken off. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const typeText = new RegExp(`^(${token}/${token})[ \\t]*(?=;|$)`);
// Blanks stand in one place of each alternative: in two that meet, they could be shared out in as many ways as there are blanks.
const parameterText = new RegExp(`;[ \\t]*(?:(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*)?(?=;|$)`, 'sy');

/** Undefined for one that is malformed, or that has a parameter twice: two readers could take it for different things. */
export function parseContentType(text: string): ContentType | undefined {
  const type = typeText.exec(text);
  if (type === null) return undefined;
  const parameters = new Map<string, string>();
  let at = type[0].length;
  while (at < text.length) {
    parameterText.lastIndex = at;
    const match = parameterText.exec(text);
    if (match === null) return undefined;
    at += match[0].length;
    const name = match[1]?.toLowerCase();
    if (name === undefined) continue;
    if (parameters.has(name)) return undefined;
    parameters.set(name, match[2] ?? match[3]!.replaceAll(/\\(.)/gs, '$1'));
  }
  return { essence: type[1]!.toLowerCase(), parameters };
}

/** Whether text of this type is UTF-8: it says so, or says nothing. */
export function isUtf8({ parameters }: ContentType): boolean {
  const charset = parameters.get('charset');
  return charset === undefined || /^utf-?8$/i.test(charset);
}

/** 415 for a content type that a route does not take. `taken` is what it takes. */
export function foreignType(given: string | undefined, taken: readonly string[]): StatusError {
  const known = taken.length === 1 ? taken[0] : `one of ${taken.join(', ')}`;
  const what = given === undefined ? 'there is none' : `it is "${given.slice(0, 100)}"`;
  return HttpErrors.UNSUPPORTED_MEDIA_TYPE(`the content type must be ${known} in UTF-8; ${what}`);
}

/** Throws 415 for a body that is compressed or otherwise encoded. */
export function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw HttpErrors.UNSUPPORTED_MEDIA_TYPE(
    `the content encoding "${encoding.slice(0, 100)}" is not taken here; send the body as it is`,
  );
}
