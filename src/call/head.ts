import type { CallFields } from './fields.ts';
import type { PeerCertificate } from './peer-certificate.ts';

/** What is known of a call before anything of it is parsed: enough to admit, route or balance it. */
export interface CallHead {
  /** The service that is called: `live.room.v1.RoomService`, or the app's name for a plain HTTP route. */
  readonly service: string;
  /** The method: `GetRoom`, or `GET /v1/rooms/:id`. */
  readonly method: string;
  /** Bytes of the request body, undefined where the protocol does not say beforehand. */
  readonly sizeBytes: number | undefined;
  /** Milliseconds that the caller still waits, undefined without a deadline. */
  readonly timeoutMs: number | undefined;
  readonly fields: CallFields;
  /** The address that the connection came from; undefined for a call within the process, and on the client's side. */
  readonly address?: string | undefined;
  /** What calls that belong together have in common, for balancers that send them to the same instance: see `withRouteKey`. */
  readonly routeKey?: string | undefined;
  /** The certificate that the caller showed; undefined without mutual TLS, and wherever `address` is. */
  readonly peer?: PeerCertificate | undefined;
}
