import type { Context } from '../context/context.ts';
import type { Awaitable } from '../parking/waiting.ts';
import type { Case } from './select-case.ts';

/**
 * What a channel carries: anything but `undefined`, which is what `recv` gives when the channel is closed and drained. A
 * promise or another thenable would be awaited together with the `recv` that takes it: send it in an object.
 */
export type Item = NonNullable<unknown> | null;

/**
 * The sending side of a channel.
 *
 * Sending on a closed channel throws `failed_precondition` with reason `CHANNEL_CLOSED`, as Go panics: whoever sends
 * closes, and nobody else does.
 */
export interface SendChan<in T extends Item> {
  /** How many values it holds, at most `cap`. */
  readonly len: number;
  /** How many values it can hold; 0 is unbuffered: a send then meets a recv. */
  readonly cap: number;
  readonly isClosed: boolean;
  /**
   * Sends `item` and waits while there is no room, or no receiver. Senders are served in the order in which they came.
   * Gives undefined where it need not wait, so that `await` is all that a ready send costs; in a tight loop
   * `if (!ch.trySend(v)) await ch.send(ctx, v)` avoids that too.
   *
   * Throws the error of `ctx` when it ends first, and the item is then not sent. A canceled `ctx` is refused even where
   * there is room; a deadline that has passed is noticed when the operation has to wait, or after some ready ones.
   */
  send(ctx: Context, item: T): Awaitable<void>;
  /** Sends if there is room or a receiver waits, and reports whether it did. */
  trySend(item: T): boolean;
  /** No more sends. Receivers get what is left, then undefined. Senders that wait, and a second close, throw. */
  close(): void;
  /** The case of a `select` that sends `item`: use `send(ch, item)`. */
  // A property: of a method the compiler would take a narrower parameter, and a Chan<1> for a Chan<1 | 2>.
  readonly sendCase: (item: T) => Case<void>;
}

/** The receiving side of a channel. */
export interface RecvChan<out T extends Item> extends AsyncIterable<T> {
  readonly len: number;
  readonly cap: number;
  /** No more sends; values may be left. */
  readonly isClosed: boolean;
  /**
   * Takes the oldest value, and waits while there is none. `undefined`: closed and drained. Receivers are served in the
   * order in which they came. Gives the value itself where it need not wait: `await` takes both, and in a tight loop
   * `ch.tryRecv() ?? (await ch.recv(ctx))` saves the await (not where `null` is a value: `??` would drop it).
   *
   * Throws the error of `ctx` when it ends first, under the rules of `send`.
   */
  recv(ctx: Context): Awaitable<T | undefined>;
  /** Takes a value that is there, or gives undefined: empty, or (see `isClosed`) closed and drained. */
  tryRecv(): T | undefined;
  /** All values until the channel is closed and drained. Leaving the loop leaves the channel as it is. */
  values(ctx: Context): AsyncIterable<T>;
  /** As `values`, with a Context that never ends. */
  [Symbol.asyncIterator](): AsyncIterator<T>;
  /** The case of a `select` that receives: use `recv(ch)`. */
  recvCase(): Case<T | undefined>;
}

/** A channel with Go's semantics. Hand out the side that is needed: a `Chan<T>` is a `SendChan<T>` and a `RecvChan<T>`. */
export interface Chan<T extends Item> extends SendChan<T>, RecvChan<T> {
  readonly len: number;
  readonly cap: number;
  readonly isClosed: boolean;
}
