/**
 * Which pages may connect. A browser lets a page of any site open a WebSocket to any other, with the cookies of that other
 * (cross-site WebSocket hijacking), and says in Origin where the page is from: the server alone can refuse. Programs other than
 * browsers send none, and are let in: they have no cookies of somebody else.
 *
 * `same-origin`: a page from the host and port that the request's Host names. Behind a proxy that rewrites Host, and where
 * another name could be made to point here (DNS rebinding), give the list: `['https://example.com']`.
 */
export type AllowedOrigins = 'same-origin' | 'any' | readonly string[] | ((origin: string) => boolean);

export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: AllowedOrigins,
): boolean {
  if (origin === undefined || allowed === 'any') return true;
  if (typeof allowed === 'function') return allowed(origin);
  if (typeof allowed !== 'string') return allowed.includes(origin);
  const page = URL.parse(origin);
  // 'null' (a sandboxed page, a file) is no address; `host` is empty for schemes without one.
  if (page === null || page.host === '' || host === undefined) return false;
  // The default port is left out of one and may stand in the other.
  return URL.parse(`${page.protocol}//${host}`)?.host === page.host;
}

/** Throws a TypeError for a list with an entry that no browser would send. */
export function checkOrigins(allowed: AllowedOrigins): AllowedOrigins {
  if (!Array.isArray(allowed)) return allowed;
  for (const origin of allowed as readonly string[]) {
    if (URL.parse(origin)?.origin !== origin)
      throw new TypeError(
        `websocket: "${origin}" is not an origin; give scheme, host and port, as in https://example.com`,
      );
  }
  return allowed;
}
