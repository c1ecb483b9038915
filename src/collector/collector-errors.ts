import { defineErrors } from '../errors/index.ts';

/** What the collector answers, besides the errors of HTTP itself. */
export const CollectorErrors = defineErrors('flotilla.collector', {
  /** The message is not OTLP: the metadata says where. */
  MALFORMED_OTLP: { code: 'invalid_argument' },
  /** A query parameter is out of its range. */
  INVALID_QUERY: { code: 'invalid_argument' },
  /** There is no trace of this id; it may have been deleted. */
  TRACE_NOT_FOUND: { code: 'not_found' },
  /** More telemetry arrives than is stored: try again later. */
  INGEST_QUEUE_FULL: { code: 'resource_exhausted' },
  /** More is asked than is answered: try again later. */
  QUERY_QUEUE_FULL: { code: 'resource_exhausted' },
  MESSAGE_TOO_LARGE: { code: 'resource_exhausted' },
  UNSUPPORTED_ENCODING: { code: 'invalid_argument' },
  /** The Host or Origin header names somebody else: a page of another site, or a rebound DNS name. */
  FOREIGN_ORIGIN: { code: 'permission_denied' },
  TOKEN_REQUIRED: { code: 'unauthenticated' },
  COLLECTOR_CLOSED: { code: 'unavailable' },
  STORE_FAILED: { code: 'internal' },
});
