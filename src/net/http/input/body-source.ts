import type { Awaitable } from '../../../concurrency/index.ts';
import type { HttpRequestHead } from '../request.ts';

/** The body of a request, not read yet. Take it once, by one of its methods. */
export interface BodySource {
  readonly request: HttpRequestHead;
  /** Undefined where it is sent in chunks of unknown length, 0 where there is none. */
  readonly contentLength: number | undefined;
  /** The whole body: at once where it has arrived. Throws or rejects with BODY_TOO_LARGE beyond the route's `maxBodyBytes`. */
  bytes(): Awaitable<Uint8Array>;
  /** The same in pieces, with backpressure to the client. */
  chunks(): AsyncIterable<Uint8Array>;
}

/**
 * How a route wants the body. The type parameter is what the handler gets. Anything with this one method may be a format; it
 * looks at the content type itself.
 */
export interface BodyFormat<B> {
  /** Runs before the handler. What it throws is the answer: a StatusError for what the client did wrong. */
  read(source: BodySource): Awaitable<B>;
}

/** `use` on what was read, now or later. */
export function whenRead<A, B>(read: Awaitable<A>, use: (value: A) => Awaitable<B>): Awaitable<B> {
  return read instanceof Promise ? read.then(use) : use(read);
}
