/**
 * # flotilla/call
 *
 * The eight fields that travel with a call on every transport: deadline (in the Context), trace context, baggage, lane,
 * tenant, principal, priority, attempt.
 *
 *     const { tenant, principal } = fieldsOf(ctx);
 *     const child = withFields(ctx, { priority: 'critical' });
 *
 * Beside them a call may carry metadata of the program's own, which go no further than one hop: `withMetadata` and
 * `answerMetadata` where it is made, `metadataOf`, `setHeaders` and `setTrailers` where it is served.
 *
 * Rules: set once, at the edge, by who knows (the gateway); transports read and write them, handlers read them. The
 * gateway is the trust boundary: a header from outside is taken only where its configuration says so.
 */
export type { Admit, Outcome, Permit, QuotaState, Rejection } from './admission.ts';
export { type Baggage, emptyBaggage, formatBaggage, parseBaggage } from './baggage.ts';
export { CallMetadata, type MetadataOwner, metadataOf, setHeaders, setTrailers } from './call-metadata.ts';
export {
  type CallFields,
  cleanText,
  defaultFields,
  fieldsOf,
  type GetHeader,
  type Priority,
  priorities,
  readFields,
  readTimeoutMs,
  type SetHeader,
  setFields,
  wireNames,
  withFields,
  withTrace,
  writeFields,
  writeTimeoutMs,
} from './fields.ts';
export type { CallHead } from './head.ts';
export { isLaneName, type LaneIsolation, laneOf, servingLane } from './lane.ts';
export { isMetadataName, Metadata, type MetadataInit, type MetadataValue } from './metadata.ts';
export {
  type AnswerMetadata,
  answerMetadata,
  type OutgoingMetadata,
  Reception,
  withMetadata,
} from './outgoing-metadata.ts';
export type { PeerCertificate } from './peer-certificate.ts';
export { errorOfRejection, pushBackHeader, refusedHeader, withPushBack } from './push-back.ts';
export { routeKeyOf, withRouteKey } from './route-key.ts';
export { formatTraceparent, parseTraceparent, type TraceContext } from './trace-context.ts';
export { type CallTransport, peerOf, transportOf, withTransport } from './transport.ts';
export { noteTriedNode, triedNodesOf, withTriedNodes } from './tried-nodes.ts';
