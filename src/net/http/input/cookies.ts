import { isToken } from '../reply/field-text.ts';

/** A cookie to set. The defaults are the safe ones: only over HTTPS (or loopback), not for scripts, not cross-site. */
export interface Cookie {
  /** A token: letters, digits and !#$%&'*+-.^_`|~ */
  readonly name: string;
  /** Any text; percent-encoded on the wire. */
  readonly value: string;
  /** Default: '/'. */
  readonly path?: string;
  /** Default: this host only, without its subdomains. */
  readonly domain?: string;
  /** Seconds to live; 0 deletes it. Default: until the browser closes. */
  readonly maxAgeSeconds?: number;
  readonly expires?: Date;
  /** Default: true. */
  readonly secure?: boolean;
  /** Default: true. */
  readonly httpOnly?: boolean;
  /** Default: lax. `none` needs `secure`. */
  readonly sameSite?: 'strict' | 'lax' | 'none';
}

/** Cookies of a request beyond this many are ignored. */
const maxCookies = 100;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const attributeText = /^[^\x00-\x1f\x7f;,\s]+$/;

/** Reads a Cookie header (RFC 6265 section 5.4). Broken members are skipped; of a name that came twice the first counts. */
export function parseCookies(header: string | undefined): Readonly<Record<string, string>> {
  const cookies: Record<string, string> = Object.create(null);
  if (header === undefined) return cookies;
  for (const pair of header.split(';', maxCookies)) {
    const equals = pair.indexOf('=');
    if (equals < 1) continue;
    const name = pair.slice(0, equals).trim();
    if (isToken(name)) cookies[name] ??= decode(unquote(pair.slice(equals + 1).trim()));
  }
  return cookies;
}

/** The Set-Cookie header of a cookie. Throws a TypeError for one that a browser would refuse or read otherwise. */
export function formatCookie(cookie: Cookie): string {
  const { name, value, path = '/', domain, maxAgeSeconds, expires, secure = true, httpOnly = true } = cookie;
  const { sameSite = 'lax' } = cookie;
  if (!isToken(name)) throw bad(cookie, `its name may hold only letters, digits and !#$%&'*+-.^_\`|~`);
  if (!path.startsWith('/') || !attributeText.test(path)) throw bad(cookie, `the path "${path}" must start with "/"`);
  if (domain !== undefined && !attributeText.test(domain))
    throw bad(cookie, `the domain "${domain}" is not a host name`);
  if (maxAgeSeconds !== undefined && !Number.isInteger(maxAgeSeconds)) {
    throw bad(cookie, `maxAgeSeconds ${maxAgeSeconds} must be a whole number; 0 deletes the cookie`);
  }
  if (sameSite === 'none' && !secure) throw bad(cookie, 'sameSite "none" needs secure');
  if (/^__(Secure|Host)-/i.test(name) && !secure) throw bad(cookie, 'its prefix needs secure');
  if (/^__Host-/i.test(name) && (path !== '/' || domain !== undefined)) {
    throw bad(cookie, 'the prefix __Host- needs the path "/" and no domain');
  }
  let header = `${name}=${encodeURIComponent(value)}; Path=${path}`;
  if (domain !== undefined) header += `; Domain=${domain}`;
  if (maxAgeSeconds !== undefined) header += `; Max-Age=${maxAgeSeconds}`;
  if (expires !== undefined) header += `; Expires=${expires.toUTCString()}`;
  if (secure) header += '; Secure';
  if (httpOnly) header += '; HttpOnly';
  return `${header}; SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`;
}

function bad(cookie: Cookie, why: string): TypeError {
  return new TypeError(`the cookie "${cookie.name}" is not valid: ${why}`);
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
