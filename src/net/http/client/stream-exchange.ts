import type { Context, Timer } from '../../../concurrency/index.ts';
import { StatusError } from '../../../errors/index.ts';
import type { Connection } from './connection.ts';
import { Exchange, type RawHeaders } from './exchange.ts';
import type { Outgoing } from './outgoing.ts';

/** So much is read ahead of the reader; then the server waits. A chunk may exceed it by what one read of the socket gave. */
const highWaterMark = 64 * 1024;

/** The head of an answer; its body is read from the exchange. */
export interface StreamHead {
  readonly status: number;
  readonly headers: RawHeaders;
}

/**
 * An answer whose body is read while it comes: settles with the head and is then the iterator of the body. Leaving it
 * early closes the connection.
 */
export class StreamExchange extends Exchange<StreamHead> implements AsyncIterableIterator<Uint8Array> {
  #ctx: Context;
  readonly #idleTimeoutMs: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | 'complete' | undefined;
  #reader: PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined;
  #idle: Timer | undefined;

  constructor(
    ctx: Context,
    outgoing: Outgoing,
    connection: Connection,
    limits: { readonly maxHeaderBytes: number; readonly idleTimeoutMs: number },
    release: (connection: Connection) => void,
  ) {
    super(ctx, outgoing, connection, limits.maxHeaderBytes, release);
    this.#ctx = ctx;
    this.#idleTimeoutMs = limits.idleTimeoutMs;
  }

  /** From now on this Context decides how long it may last, in place of the one that the head was waited for with. */
  handOver(ctx: Context): void {
    this.#ctx = ctx;
    this.follow(ctx);
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#reader !== undefined) throw new TypeError('the body of an answer has one reader at a time');
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bytes -= chunk.length;
      if (this.#bytes < highWaterMark && this.controller?.paused === true) this.controller.resume();
      return { done: false, value: chunk };
    }
    if (this.#end === 'complete') return { done: true, value: undefined };
    if (this.#end !== undefined) return this.#throw(this.#end.error);
    const reader = Promise.withResolvers<IteratorResult<Uint8Array>>();
    this.#reader = reader;
    this.#armIdle();
    try {
      return await reader.promise;
    } catch (error) {
      return this.#throw(error);
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#chunks.length = 0;
    if (this.#end === undefined) {
      this.#end = 'complete';
      this.fail(new Error('left early'));
      this.#deliver({ done: true, value: undefined });
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  protected onHead(status: number, headers: RawHeaders): void {
    this.settle({ status, headers });
  }

  protected onBytes(chunk: Uint8Array): void {
    if (this.#reader !== undefined) {
      this.#deliver({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= highWaterMark) this.controller?.pause();
  }

  protected onEnd(): void {
    this.#end = 'complete';
    this.#deliver({ done: true, value: undefined });
  }

  protected override onBroken(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    // What nobody has read is a part that looks like the whole.
    this.#chunks.length = 0;
    const reader = this.#takeReader();
    reader?.reject(error);
  }

  #throw(error: unknown): never {
    this.#ctx.throwIfDone();
    throw error;
  }

  #deliver(step: IteratorResult<Uint8Array>): void {
    this.#takeReader()?.resolve(step);
  }

  #takeReader(): PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#idle?.stop();
    this.#idle = undefined;
    return reader;
  }

  #armIdle(): void {
    const ms = this.#idleTimeoutMs;
    if (ms > 0) this.#idle = this.#ctx.clock.after(ms, () => this.fail(silent(this.outgoing.source, ms)));
  }
}

function silent(source: string, ms: number): StatusError {
  return new StatusError('unavailable', `${source}: nothing came for ${ms} ms`, { reason: 'CONNECTION_SILENT' });
}
