import { defineErrors } from 'flotilla/errors';

export const PageErrors = defineErrors('live', {
  INVALID_PAGE_TOKEN: { code: 'invalid_argument', description: 'The page token is not one that this list gave out.' },
  INVALID_PAGE_SIZE: { code: 'invalid_argument' },
});

const maxTokenLength = 512;

/** The page after `key` of the list that `scope` names. Opaque to clients: what is in it may change. */
export function encodePageToken(scope: string, key: string): string {
  return Buffer.from(JSON.stringify([scope, key])).toString('base64url');
}

/** The key in a token of the same list; undefined for the first page. Throws INVALID_PAGE_TOKEN for any other token. */
export function decodePageToken(scope: string, token: string): string | undefined {
  if (token === '') return undefined;
  const parts = token.length <= maxTokenLength ? parse(token) : undefined;
  if (Array.isArray(parts) && parts[0] === scope && typeof parts[1] === 'string') return parts[1];
  throw PageErrors.INVALID_PAGE_TOKEN('the page token is not of this list; leave it out for the first page');
}

/** The rows of a page; 0 means the default. */
export function pageSizeOf(asked: number, limits: { readonly preset: number; readonly max: number }): number {
  if (asked === 0) return limits.preset;
  if (asked >= 1 && asked <= limits.max) return asked;
  throw PageErrors.INVALID_PAGE_SIZE(`the page size ${asked} is not between 1 and ${limits.max}`);
}

function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
