import { type Context, contextKey } from '../concurrency/index.ts';
import type { QuotaState } from './admission.ts';

/** What the transport of a call offers to those in the server's chain, whichever transport it is. */
export interface CallTransport {
  /** `http` */
  readonly transport: string;
  /** The address that the connection came from. */
  readonly address: string | undefined;
  /** Tells the caller with the answer how much of a limit is left. Without effect once the answer has begun. */
  tell(quota: QuotaState): void;
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
