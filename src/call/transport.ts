import { type Context, contextKey } from '../concurrency/index.ts';
import type { QuotaState } from './admission.ts';
import type { MetadataOwner } from './call-metadata.ts';
import type { PeerCertificate } from './peer-certificate.ts';

/** What the transport of a call offers to those in the server's chain, whichever transport it is. */
export interface CallTransport {
  /** `http` */
  readonly transport: string;
  /** The address that the connection came from. */
  readonly address: string | undefined;
  /** What the caller showed of itself on a connection with mutual TLS. */
  readonly peer?: PeerCertificate | undefined;
  /** Tells the caller with the answer how much of a limit is left. Without effect once the answer has begun. */
  tell(quota: QuotaState): void;
  /** The call's metadata, where the transport has a CallTransport for each call. */
  readonly metadataOwner?: MetadataOwner | undefined;
}

const transportKey = contextKey<CallTransport | undefined>('call.transport', undefined);

/** For transports: a child Context from which {@link transportOf} finds it. */
export function withTransport(ctx: Context, transport: CallTransport): Context {
  return ctx.withValue(transportKey, transport);
}

/** Undefined for a call within the process, outside of a server's call, and for a transport that offers nothing. */
export function transportOf(ctx: Context): CallTransport | undefined {
  return ctx.value(transportKey);
}

/**
 * Who is calling, by its certificate: undefined without TLS, from a caller that showed none, and within the process. Its names
 * say something only if it `isVerified`, which all are where the listener says `clientCertificate: 'required'`.
 */
export function peerOf(ctx: Context): PeerCertificate | undefined {
  return transportOf(ctx)?.peer;
}
