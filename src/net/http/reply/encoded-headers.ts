import type { Coding } from './negotiate.ts';

/**
 * Whether an answer with this status and these headers (name and value in turn) may be sent in a coding at all: it has content of a
 * type that `isType` accepts, is whole, is not encoded already, and nobody has said that it must stay as it is.
 */
export function mayEncode(
  status: number,
  headers: readonly string[],
  isType: (contentType: string) => boolean,
): boolean {
  if (status === 204 || status === 206 || status === 304) return false;
  let isWanted = false;
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1]!;
    switch (headers[i]) {
      case 'content-type':
        isWanted = isType(value);
        break;
      case 'cache-control':
        // RFC 9111, section 5.2.2.6.
        if (noTransform.test(value)) return false;
        break;
      // Encoded already; a part of something; sums of the bytes as they are (RFC 9530).
      case 'content-encoding':
      case 'content-range':
      case 'content-digest':
      case 'repr-digest':
      case 'digest':
      case 'content-md5':
        return false;
    }
  }
  return isWanted;
}

const noTransform = /(?:^|[,\s])no-transform(?:$|[,\s])/i;

/** The headers of an answer that depends on Accept-Encoding (RFC 9110, section 12.5.5), whichever way it was decided. */
export function withVary(headers: readonly string[]): readonly string[] {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'vary') continue;
    const value = headers[i + 1]!;
    if (/(?:^|[,\s])(?:\*|accept-encoding)(?:$|[,\s])/i.test(value)) return headers;
    return headers.with(i + 1, `${value}, accept-encoding`);
  }
  return [...headers, 'vary', 'accept-encoding'];
}

/**
 * The headers of the answer in a coding: it has no length yet and no ranges, and a tag that was strong for other bytes only
 * says that the meaning is the same (section 8.8.1).
 */
export function codedHeaders(headers: readonly string[], coding: Coding): readonly string[] {
  const list: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (name === 'content-length' || name === 'accept-ranges') continue;
    list.push(name, name === 'etag' && !value.startsWith('W/') ? `W/${value}` : value);
  }
  list.push('content-encoding', coding);
  return list;
}
