import type { DescMethod } from '@bufbuild/protobuf';
import { fieldsOf, Reception } from '../../call/index.ts';
import { DoneListener, isKnownDone, listen } from '../../concurrency/context/done-listener.ts';
import type { Context } from '../../concurrency/index.ts';
import type { Pick } from '../../discovery/index.ts';
import * as errors from '../../errors/index.ts';
import { markUnsent } from '../../guard/index.ts';
import type { ObservedCall } from '../../service/call-observer.ts';
import { failureOf } from '../call-failure.ts';
import type { Codec } from '../codec/codec.ts';
import type { Source } from '../codec/source.ts';
import { decodeStatus } from '../error-codec.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { ClientStream } from './client-engine.ts';
import { type MessageLimits, type PackedMessage, putPacked, tooLarge } from './messages.ts';
import { decodePairs } from './metadata-frame.ts';
import type { MuxSession } from './mux-session.ts';
import { codes } from './protocol.ts';

/** What the calls of one method share. */
export interface MuxMethod {
  readonly desc: DescMethod;
  /** Among the methods of its service. */
  readonly number: number;
  readonly path: string;
  readonly input: Codec;
  readonly output: Codec;
  readonly limits: MessageLimits;
}

/** One try of a call on a connection, from the moment that it was booked. */
export abstract class ClientCall extends ClientStream {
  declare protected readonly session: MuxSession;
  declare protected readonly method: MuxMethod;
  declare protected readonly ctx: Context;
  declare private readonly pick: Pick;
  declare private readonly startedAt: number;
  declare private readonly observed: ObservedCall | undefined;
  declare private readonly end: CallEnd;
  declare private isReleased: boolean;
  declare private isReported: boolean;
  /** Undefined: nobody asked what comes back beside the messages. */
  declare private reception: Reception | undefined;
  declare private trailers: readonly (readonly [string, string])[];

  /** `observed` ends with the call. `startedAt`: on the clock of `ctx`. */
  constructor(
    session: MuxSession,
    method: MuxMethod,
    ctx: Context,
    pick: Pick,
    observed?: ObservedCall,
    startedAt = ctx.clock.now(),
  ) {
    super();
    this.session = session;
    this.method = method;
    this.ctx = ctx;
    this.pick = pick;
    this.startedAt = startedAt;
    this.observed = observed;
    this.end = new CallEnd(this);
    this.isReleased = false;
    this.isReported = false;
    this.reception = undefined;
    this.trailers = none;
  }

  /** The call is over: with an answer, or with the error that its caller is told. */
  protected abstract settle(error: errors.StatusError | undefined): void;

  /** Begins the call with what is in the sink. False: something of it waits, and `onWritable` tells when all of it has gone. */
  protected start(flag: number): boolean {
    const { ctx, method, session, startedAt } = this;
    const { deadline } = ctx;
    if (isKnownDone(ctx) || (deadline !== undefined && deadline <= startedAt)) ctx.throwIfDone();
    const timeoutMs = deadline === undefined ? 0 : Math.max(1, deadline - startedAt);
    const fields = fieldsOf(ctx);
    if (fields.outgoing !== undefined) this.reception = Reception.of(fields.outgoing);
    const isSent = session.engine.call(this, method.number, method.path, timeoutMs, fields, flag);
    listen(ctx, this.end);
    return isSent;
  }

  /** Begins the call when its message is packed, if there is still somebody who waits and a connection that takes it. */
  protected async startLater(packed: Promise<PackedMessage>, flag: number): Promise<void> {
    const { ctx, end, session } = this;
    try {
      ctx.throwIfDone();
      listen(ctx, end);
      const message = await packed;
      if (this.isReleased) return;
      end.unlisten();
      if (!session.isOpen) {
        const text = 'the call has not left: its connection ended while the message was compressed';
        throw markUnsent(RpcErrors.CONNECT_FAILED(text), 'transport');
      }
      this.start(putPacked(session.engine.sink, message) | flag);
    } catch (error) {
      this.abandon(error);
    }
  }

  /** What nobody waits for any more: gives the connection and the node back. */
  protected finish(thrown: unknown): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.end.unlisten();
    const error = thrown === undefined ? undefined : failureOf(this.ctx, thrown);
    const now = this.ctx.clock.now();
    this.observed?.end(error, now);
    this.report(error, now);
    this.session.release();
    this.settle(error);
  }

  /** Tells the balancer once. */
  protected report(error: errors.StatusError | undefined, now?: number): void {
    if (this.isReported) return;
    this.isReported = true;
    this.pick.done({ error, durationMs: (now ?? this.ctx.clock.now()) - this.startedAt });
  }

  /** Ends it on both sides. */
  protected abandon(thrown: unknown): void {
    this.session.engine.reset(this, codes.cancel);
    this.finish(thrown);
  }

  contextDone(): void {
    this.abandon(this.ctx.err());
  }

  override timeLeftMs(): number {
    return this.ctx.deadline === undefined ? 0 : Math.max(1, this.ctx.remainingMs());
  }

  override onTooLarge(): void {
    this.abandon(tooLarge('the answer', this.method.limits.maxMessageBytes));
  }

  override onMetadata(isTrailers: boolean, source: Source, end: number): void {
    if (this.reception === undefined) return;
    try {
      const entries = decodePairs(source, end);
      if (isTrailers) this.trailers = entries;
      else this.reception.headers(entries);
    } catch (error) {
      this.abandon(this.unreadable(error));
    }
  }

  /** The answer has come, or its error. */
  protected answered(): void {
    this.reception?.end(this.trailers);
  }

  override onReset(code: number): void {
    this.finish(
      code === codes.refused
        ? markUnsent(RpcErrors.STREAM_REFUSED('the node takes no more calls on this connection'), 'transport')
        : RpcErrors.CONNECTION_LOST('the call was ended before the answer was whole'),
    );
  }

  override onLost(error: errors.StatusError): void {
    this.finish(error);
  }

  protected errorOf(status: Uint8Array, isUnsent: boolean): errors.StatusError {
    try {
      const error = decodeStatus(status);
      return isUnsent ? markUnsent(error, 'server') : error;
    } catch (cause) {
      return RpcErrors.PROTOCOL_ERROR('the error of the node cannot be read', { cause });
    }
  }

  protected unreadable(cause: unknown): errors.StatusError {
    if (errors.isStatusError(cause)) return cause;
    return RpcErrors.PROTOCOL_ERROR(`the answer cannot be read: ${errors.from(cause).message}`, { cause });
  }
}

const none: readonly (readonly [string, string])[] = [];

/** Hears of the end of the call's Context. */
class CallEnd extends DoneListener {
  declare private readonly call: ClientCall;

  constructor(call: ClientCall) {
    super();
    this.call = call;
  }

  override contextDone(): void {
    this.call.contextDone();
  }
}
