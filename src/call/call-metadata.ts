import { ownerOf } from '../concurrency/context/owner.ts';
import type { Context } from '../concurrency/index.ts';
import { type Metadata, type MetadataInit, metadataOfWire, metadataPairs, noMetadata } from './metadata.ts';
import { transportOf } from './transport.ts';

/** The metadata of one call on the server's side. Made by the transport for what came, or by the first that sets some. */
export class CallMetadata {
  /** Name and text in turn. Undefined: none. */
  headers: readonly string[] | undefined;
  trailers: readonly string[] | undefined;
  readonly #entries: (() => Iterable<readonly [string, string]>) | undefined;
  #request: Metadata | undefined;

  /** `entries`: what came, transport's headers and all. It is read when someone asks. */
  constructor(entries?: () => Iterable<readonly [string, string]>) {
    this.#entries = entries;
  }

  get request(): Metadata {
    this.#request ??= this.#entries === undefined ? noMetadata : metadataOfWire(this.#entries());
    return this.#request;
  }
}

/** What owns the Context of a server's call, as far as metadata goes. */
export interface MetadataOwner {
  metadata: CallMetadata | undefined;
  /** The headers of its answer are out, or nobody waits for them any more. */
  hasBegun: boolean;
  /** The same of its trailers. */
  readonly isOver: boolean;
}

/**
 * What the caller sent beside its message and the fields: in a handler and in a server's middleware, whatever the transport. Empty
 * outside of a call. It goes no further by itself: what the next hop shall know is given to it with `withMetadata`.
 *
 *     const key = metadataOf(ctx).get('x-api-key');
 *     const signature = metadataOf(ctx).bytes('signature-bin');
 */
export function metadataOf(ctx: Context): Metadata {
  return ownerOfCall(ctx)?.metadata?.request ?? noMetadata;
}

/**
 * Sets headers of the answer, also of one that is an error; those of the same names are replaced. They leave with the first
 * message of a stream. False: they have left, or there is no call, and nothing was set. Throws a TypeError for what cannot be sent
 * and a RangeError for more than 64 values or 8,192 bytes.
 */
export function setHeaders(ctx: Context, init: MetadataInit): boolean {
  const owner = ownerOfCall(ctx);
  if (owner === undefined || owner.hasBegun || owner.isOver) return false;
  owner.metadata ??= new CallMetadata();
  owner.metadata.headers = metadataPairs(init, owner.metadata.headers);
  return true;
}

/** The same for what follows the answer's last message, or its error: what is known only then. */
export function setTrailers(ctx: Context, init: MetadataInit): boolean {
  const owner = ownerOfCall(ctx);
  if (owner === undefined || owner.isOver) return false;
  owner.metadata ??= new CallMetadata();
  owner.metadata.trailers = metadataPairs(init, owner.metadata.trailers);
  return true;
}

function ownerOfCall(ctx: Context): MetadataOwner | undefined {
  return (ownerOf(ctx) as MetadataOwner | undefined) ?? transportOf(ctx)?.metadataOwner;
}
