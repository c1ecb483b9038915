import type { GetHeader } from '../../../call/index.ts';
import { parseEntityTags, strongMatch, weakMatch } from './entity-tag.ts';
import { parseHttpDate } from './http-date.ts';

/** What tells one version of a resource from another (RFC 9110, section 8.8). */
export interface Validators {
  /** As it stands in ETag: `"a"` or, if only the meaning is the same, `W/"a"`. */
  readonly etag?: string | undefined;
  /** The time of Last-Modified, in milliseconds since 1970. */
  readonly modifiedMs?: number | undefined;
}

/**
 * What the conditions of a request say: `proceed`; `not-modified`, which is answered with 304, since the client has it
 * already; `failed`, which is answered with 412, and nothing may be changed.
 */
export type Precondition = 'proceed' | 'not-modified' | 'failed';

/**
 * Evaluates the conditions of a request in the order of RFC 9110, section 13.2.2. Call it when the request would otherwise
 * succeed, right before it is answered or anything is changed (section 13.2.1).
 *
 * `current`: the version that is there; undefined if the resource does not exist. A condition that is not valid is taken
 * as the RFC says where it does, and else as the one that does no harm: a GET is answered in full, a change fails.
 */
export function evaluatePreconditions(
  method: string,
  header: GetHeader,
  current: Validators | undefined,
  nowMs: number,
): Precondition {
  if (method === 'CONNECT' || method === 'OPTIONS' || method === 'TRACE') return 'proceed';
  const isRead = method === 'GET' || method === 'HEAD';
  const ifMatch = header('if-match');
  if (ifMatch !== undefined) {
    if (!passesIfMatch(ifMatch, current)) return 'failed';
  } else {
    const unmodifiedSince = timeIn(header('if-unmodified-since'), nowMs);
    if (unmodifiedSince !== undefined && isNewer(current, unmodifiedSince)) return 'failed';
  }
  const ifNoneMatch = header('if-none-match');
  if (ifNoneMatch !== undefined) {
    if (passesIfNoneMatch(ifNoneMatch, current, isRead)) return 'proceed';
    return isRead ? 'not-modified' : 'failed';
  }
  if (!isRead || current?.modifiedMs === undefined) return 'proceed';
  const modifiedSince = timeIn(header('if-modified-since'), nowMs);
  return modifiedSince === undefined || isNewer(current, modifiedSince) ? 'proceed' : 'not-modified';
}

/**
 * Whether a Range is to be honoured under this If-Range (section 13.1.5): without one it is; else only for exactly the
 * version that is there, since parts of two versions make nonsense. A time counts as strong: send Last-Modified only where
 * the version is older than a second (section 8.8.2.2).
 */
export function passesIfRange(ifRange: string | undefined, current: Validators, nowMs: number): boolean {
  if (ifRange === undefined) return true;
  const { etag, modifiedMs } = current;
  if (ifRange.startsWith('"')) return etag !== undefined && strongMatch(ifRange, etag);
  const time = parseHttpDate(ifRange, nowMs);
  return time !== undefined && modifiedMs !== undefined && time === wholeSeconds(modifiedMs);
}

function passesIfMatch(text: string, current: Validators | undefined): boolean {
  if (current === undefined) return false;
  const tags = parseEntityTags(text);
  if (tags === '*') return true;
  const { etag } = current;
  return tags !== undefined && etag !== undefined && tags.some((tag) => strongMatch(tag, etag));
}

function passesIfNoneMatch(text: string, current: Validators | undefined, isRead: boolean): boolean {
  const tags = parseEntityTags(text);
  if (tags === undefined) return isRead;
  if (current === undefined) return true;
  if (tags === '*') return false;
  const { etag } = current;
  return etag === undefined || !tags.some((tag) => weakMatch(tag, etag));
}

/** Not for a resource without a time, nor for one that does not exist. */
function isNewer(current: Validators | undefined, timeMs: number): boolean {
  return current?.modifiedMs !== undefined && wholeSeconds(current.modifiedMs) > timeMs;
}

function timeIn(text: string | undefined, nowMs: number): number | undefined {
  return text === undefined ? undefined : parseHttpDate(text, nowMs);
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
