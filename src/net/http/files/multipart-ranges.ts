import { type ByteRange, contentRange } from './ranges.ts';

/** A body of several ranges (RFC 9110, section 14.6): what stands before each of them, and after the last. */
export interface RangeParts {
  readonly contentType: string;
  /** Of the whole body, in bytes. */
  readonly length: number;
  readonly parts: readonly { readonly head: string; readonly range: ByteRange }[];
  readonly end: string;
}

/**
 * Puts the body of a 206 with several ranges together. `boundary` must not occur in the bytes that are sent: make it at
 * random for each answer. `contentType` is that of the representation.
 */
export function rangeParts(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string,
  boundary: string,
): RangeParts {
  const parts = ranges.map((range, index) => ({
    head: `${index === 0 ? '' : '\r\n'}--${boundary}\r\ncontent-type: ${contentType}\r\ncontent-range: ${contentRange(range, size)}\r\n\r\n`,
    range,
  }));
  const end = `\r\n--${boundary}--\r\n`;
  const length = parts.reduce((sum, { head, range }) => sum + head.length + range.last - range.first + 1, end.length);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, length, parts, end };
}
