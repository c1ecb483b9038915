/** W3C Baggage: application values that travel with a trace. Keys are tokens; values are any text, percent-encoded on the wire. */
export type Baggage = ReadonlyMap<string, string>;

/** No members: the one map for all calls without baggage. */
export const emptyBaggage: Baggage = new Map();

/** The limits of W3C Baggage, section 3.3.2; what exceeds them is dropped, whole members only. */
const maxMembers = 180;
const maxBytes = 8192;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Reads a `baggage` header. Invalid members are dropped; properties (after `;`) are not kept. */
export function parseBaggage(header: string | undefined): Baggage {
  if (header === undefined || header === '' || header.length > maxBytes) return emptyBaggage;
  const members = new Map<string, string>();
  for (const member of header.split(',')) {
    const [pair = ''] = member.split(';', 1);
    const equals = pair.indexOf('=');
    if (equals < 1) continue;
    const key = pair.slice(0, equals).trim();
    const value = decode(pair.slice(equals + 1).trim());
    if (token.test(key) && value !== undefined && members.size < maxMembers) members.set(key, value);
  }
  return members;
}

/** The `baggage` header. Members whose key is no token, and those beyond the limits, are left out. */
export function formatBaggage(baggage: Baggage): string {
  let header = '';
  let members = 0;
  for (const [key, value] of baggage) {
    if (!token.test(key) || members === maxMembers) continue;
    const member = `${header === '' ? '' : ','}${key}=${encodeText(value)}`;
    if (header.length + member.length > maxBytes) break;
    header += member;
    members++;
  }
  return header;
}

/** Percent-encodes any text: half a surrogate pair becomes U+FFFD, where encodeURIComponent would throw. */
export function encodeText(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
