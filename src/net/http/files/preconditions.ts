import { HttpErrors } from '../http-errors.ts';
import { empty, type HttpReply, type ReplyHeaders } from '../reply/reply.ts';
import type { HttpRequestHead } from '../request.ts';
import { evaluatePreconditions, type Validators } from './conditional.ts';
import { isEntityTag } from './entity-tag.ts';
import { formatHttpDate } from './http-date.ts';

/**
 * What the conditions of a request (If-Match, If-None-Match and their like, RFC 9110, section 13) say about the version that
 * is there now: undefined to go on, or the 304 to answer with; throws PRECONDITION_FAILED, 412, where nothing may be
 * changed. Call it when the request would otherwise succeed, right before the answer or the change.
 *
 *     const current = { etag: `"${room.version}"` };
 *     const unchanged = checkPreconditions(req, current);
 *     if (unchanged !== undefined) return unchanged;
 *     return json(room, { headers: { etag: current.etag } });
 *
 * `current`: undefined if the resource does not exist, as before a PUT that makes it. `headers`: what of Cache-Control, Expires,
 * Vary and Content-Location a 200 would say. Throws a TypeError for a tag that is none.
 */
export function checkPreconditions(
  request: HttpRequestHead,
  current: Validators | undefined,
  headers: ReplyHeaders = {},
): HttpReply | undefined {
  const { etag, modifiedMs } = current ?? {};
  if (etag !== undefined && !isEntityTag(etag)) throw new TypeError(`${etag} is not an entity tag; one is "in quotes"`);
  const outcome = evaluatePreconditions(request.method, (name) => request.header(name), current, Date.now());
  if (outcome === 'proceed') return undefined;
  if (outcome === 'failed')
    throw HttpErrors.PRECONDITION_FAILED(`${request.path} is not in the state that was asked for`);
  const validators = {
    ...(etag !== undefined && { etag }),
    ...(modifiedMs !== undefined && { 'last-modified': formatHttpDate(modifiedMs) }),
  };
  return empty({ status: 304, headers: { ...headers, ...validators } });
}
