import type { Message } from '@bufbuild/protobuf';
import { CallMetadata, errorOfRejection } from '../../call/index.ts';
import { DoneListener, listen } from '../../concurrency/context/done-listener.ts';
import { enter, type Timer } from '../../concurrency/index.ts';
import { stepsOf } from '../../concurrency/steps/steps-of.ts';
import * as errors from '../../errors/index.ts';
import { boundStream, isStream } from '../bound-stream.ts';
import type { Codec } from '../codec/codec.ts';
import type { Source } from '../codec/source.ts';
import { endOf } from '../end-with-context.ts';
import { encodeStatus } from '../error-codec.ts';
import { fitForHeaders } from '../error-size.ts';
import { type InboundCall, inboundFailure } from '../inbound-call.ts';
import { entriesOf } from '../metadata-entries.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { isThenable, type Payload, type ServerMethod } from '../server-method.ts';
import type { CallHeadReader } from './call-head.ts';
import { MessagePump, type PumpOwner } from './message-pump.ts';
import { type PackedMessage, putMessage, putPacked, takeMessage, tooLarge } from './messages.ts';
import type { MuxConnection } from './mux-connection.ts';
import { frames, maxPayloadBytes } from './protocol.ts';
import { RequestStream } from './request-stream.ts';
import { ServerStream } from './server-engine.ts';

/** A method as a connection knows it; without `method` there is none of this name. */
export interface KnownMethod {
  readonly path: string;
  readonly method: ServerMethod | undefined;
  readonly input: Codec | undefined;
  readonly output: Codec | undefined;
}

/** One call that came over a connection, from its head to its answer. */
export class ServerCall extends ServerStream implements PumpOwner {
  declare private readonly connection: MuxConnection;
  declare private readonly known: KnownMethod;
  /** Undefined before it was admitted, and when it is over. */
  declare private call: InboundCall | undefined;
  declare private end: CallEnd | undefined;
  declare private timer: Timer | undefined;
  declare private requests: RequestStream | undefined;
  declare private pump: MessagePump | undefined;
  /** The one request has come, and is inflated. */
  declare private isReading: boolean;

  constructor(connection: MuxConnection, known: KnownMethod) {
    super();
    this.connection = connection;
    this.known = known;
    this.call = undefined;
    this.end = undefined;
    this.timer = undefined;
    this.requests = undefined;
    this.pump = undefined;
    this.isReading = false;
  }

  override onBegin(head: CallHeadReader, sizeBytes: number | undefined): void {
    const { method, path } = this.known;
    if (method === undefined) {
      this.refuse(RpcErrors.METHOD_NOT_FOUND(`this server has no method "${path}"`), false);
      return;
    }
    const opened = this.open(method, sizeBytes, head);
    if (opened === undefined) return;
    const { metadata } = head;
    if (metadata !== undefined) opened.metadata = new CallMetadata(() => entriesOf(metadata));
    this.call = opened;
    const { kind } = method.info;
    // The chain of a call that is answered once ends it in time, from when it is reached.
    if (kind === 'unary' && sizeBytes !== undefined) return;
    this.end = new CallEnd(this);
    listen(opened.ctx, this.end);
    if (kind === 'client_stream' || kind === 'bidi_stream') {
      this.requests = new RequestStream(this.connection.engine, this, (source, end, isCompressed) =>
        this.decode(source, end, isCompressed),
      );
      opened.reached = true;
      void this.run(opened, boundStream(opened.ctx, this.requests));
    }
  }

  override get hasUnread(): boolean {
    return this.requests?.hasUnread === true;
  }

  override onMessage(source: Source, end: number, isCompressed: boolean, cost: number): void {
    const { call, requests } = this;
    if (requests !== undefined) {
      requests.push(source, end, isCompressed, cost);
      return;
    }
    this.connection.engine.consumed(this, cost);
    if (call === undefined || call.reached || this.isReading) {
      this.fail(RpcErrors.MALFORMED_MESSAGE('the request has more than one message'));
      return;
    }
    let message: Message | Promise<Message>;
    try {
      message = this.decode(source, end, isCompressed);
    } catch {
      return;
    }
    if (message instanceof Promise) {
      this.isReading = true;
      message.then(
        (late) => this.call !== undefined && this.reach(call, late),
        () => {},
      );
    } else {
      this.reach(call, message);
    }
  }

  /** The one request is there. */
  private reach(call: InboundCall, message: Message): void {
    call.reached = true;
    if (call.method.info.kind === 'unary') this.runOnce(call, message);
    else void this.run(call, message);
  }

  /** Reads a message, at once or later. One that cannot be read ends the call, and is thrown. */
  private decode(source: Source, end: number, isCompressed: boolean): Message | Promise<Message> {
    try {
      const { limits } = this.connection;
      const message = takeMessage(this.known.input!, source, end, isCompressed, 'the request', limits);
      return message instanceof Promise ? message.catch((thrown) => this.unreadable(thrown)) : message;
    } catch (thrown) {
      return this.unreadable(thrown);
    }
  }

  private unreadable(thrown: unknown): never {
    const error = errors.isStatusError(thrown)
      ? thrown
      : RpcErrors.MALFORMED_MESSAGE(`the request cannot be read: ${errors.from(thrown).message}`);
    this.fail(error);
    throw error;
  }

  override onEnd(): void {
    if (this.requests !== undefined) this.requests.end();
    else if (this.call?.reached === false && !this.isReading)
      this.fail(RpcErrors.MALFORMED_MESSAGE('the request has no message'));
  }

  override onTooLarge(): void {
    this.fail(tooLarge('the request', this.connection.maxMessageBytes));
  }

  override onReset(): void {
    this.leave();
  }

  override onLost(): void {
    this.leave();
  }

  override onWritable(): void {
    // An answer that had to wait is out.
    if (this.isOpen) this.pump?.resume();
    else this.close();
  }

  /** Its Context has ended. */
  contextDone(): void {
    if (this.call !== undefined) this.fail(endOf(this.call.ctx));
  }

  /** Answers with the error, if nothing was answered. */
  fail(thrown: unknown): void {
    const { call } = this;
    if (call === undefined) return;
    this.refuse(inboundFailure(call, thrown), false);
    this.close();
  }

  private open(method: ServerMethod, sizeBytes: number | undefined, head: CallHeadReader): InboundCall | undefined {
    const timeoutMs = head.timeoutMs === 0 ? undefined : head.timeoutMs;
    const { fields } = head;
    const { admit, base, address, peer, calls } = this.connection;
    try {
      const opened = calls.open(base, method, { sizeBytes, timeoutMs, fields, address, peer }, admit);
      if (!('error' in opened && 'admitted' in opened)) return opened;
      this.refuse(fitForHeaders(errorOfRejection(opened)), true);
    } catch (error) {
      // `admit` is the program's.
      this.refuse(errors.conceal(error, crypto.randomUUID()), false);
    }
    return undefined;
  }

  private refuse(error: errors.StatusError, isUnsent: boolean): void {
    if (!this.isOpen) return;
    this.tellTrailers();
    let status = encodeStatus(error);
    if (status.length > maxStatusBytes) status = encodeStatus(new errors.StatusError(error.code, error.message));
    this.connection.engine.answerError(this, status, isUnsent);
  }

  /** Of a unary call: what is done at once is answered at once. */
  private runOnce(call: InboundCall, message: Message): void {
    const { ctx, method } = call;
    try {
      call.observed = method.observe(ctx, call.startedAt);
      const inner = call.observed?.ctx ?? ctx;
      enter(inner);
      this.settle(call, method.bare(inner, message));
      // Of the ends that a Context can have only this one is not known here.
      if (this.call !== undefined && ctx.deadline !== undefined)
        this.timer = ctx.clock.at(ctx.deadline, () => this.contextDone());
    } catch (error) {
      this.failConcealed(error);
    }
  }

  private settle(call: InboundCall, output: unknown): void {
    if (output instanceof Promise || isThenable(output)) void this.answerLater(call, output as PromiseLike<unknown>);
    else this.answer(call.method.messageOf(output));
  }

  private async answerLater(call: InboundCall, output: PromiseLike<unknown>): Promise<void> {
    try {
      const message = call.method.messageOf(await output);
      if (this.call !== undefined) this.answer(message);
    } catch (error) {
      this.failConcealed(error);
    }
  }

  private failConcealed(error: unknown): void {
    if (this.call !== undefined) this.fail(errors.conceal(error, crypto.randomUUID()));
  }

  private answer(message: Message): void {
    if (!this.isOpen) {
      this.close();
      return;
    }
    const { engine, limits } = this.connection;
    if (this.call?.metadata !== undefined) this.tellTrailers();
    const flag = putMessage(engine, this.known.output!, message, 'the answer', limits);
    if (typeof flag !== 'number') {
      this.endInTime();
      void this.sendLater(flag, frames.answer);
    } else if (engine.send(this, frames.answer, flag)) {
      this.close();
    } else {
      this.endInTime();
    }
  }

  private async sendLater(packed: Promise<PackedMessage>, type: number): Promise<void> {
    const { engine } = this.connection;
    try {
      const message = await packed;
      if (!this.isOpen || this.call === undefined) return;
      const isSent = engine.send(this, type, putPacked(engine.sink, message));
      if (type === frames.data) {
        if (isSent) this.pump?.resume();
      } else if (isSent) {
        this.close();
      }
    } catch (error) {
      this.failConcealed(error);
    }
  }

  /** What the handler set of headers, before the first message. */
  private tellHeaders(): void {
    const { call } = this;
    if (call === undefined || call.hasBegun) return;
    call.hasBegun = true;
    const headers = call.metadata?.headers;
    if (headers !== undefined) this.connection.engine.metadata(this, false, headers);
  }

  /** What it set of both, as far as it is not told, before the end. */
  private tellTrailers(): void {
    const { call } = this;
    if (call === undefined || call.isOver) return;
    this.tellHeaders();
    call.isOver = true;
    const trailers = call.metadata?.trailers;
    if (trailers !== undefined) this.connection.engine.metadata(this, true, trailers);
  }

  /** An answer that waits for its caller waits no longer than its Context. */
  private endInTime(): void {
    const { call } = this;
    if (call === undefined || this.end !== undefined) return;
    if (call.ctx.err() !== undefined) {
      this.fail(endOf(call.ctx));
      return;
    }
    this.end = new CallEnd(this);
    listen(call.ctx, this.end);
  }

  private async run(call: InboundCall, input: Payload): Promise<void> {
    try {
      const output = await call.method.run(call.ctx, input);
      if (isStream(output)) {
        this.pump = new MessagePump(this, stepsOf(output as AsyncIterable<Message>));
        this.pump.resume();
      } else {
        this.answer(output);
      }
    } catch (error) {
      this.failConcealed(error);
    }
  }

  sendNext(message: Message): boolean {
    if (!this.isOpen) return false;
    const { engine, limits } = this.connection;
    if (this.call?.hasBegun === false) this.tellHeaders();
    const flag = putMessage(engine, this.known.output!, message, 'the answer', limits);
    if (typeof flag === 'number') return engine.send(this, frames.data, flag);
    void this.sendLater(flag, frames.data);
    return false;
  }

  pumpDone(): void {
    this.tellTrailers();
    this.connection.engine.answer(this);
    this.close();
  }

  pumpFailed(error: unknown): void {
    this.failConcealed(error);
  }

  /** The caller is gone. */
  private leave(): void {
    const { call } = this;
    if (call === undefined) return;
    this.end?.unlisten();
    call.ctx.cancel(RpcErrors.CALLER_LEFT('the caller left'));
    call.error ??= RpcErrors.CALLER_LEFT('the caller left');
    this.close();
  }

  /** The call is over for its caller. */
  private close(): void {
    const { call, connection } = this;
    if (call === undefined) return;
    this.call = undefined;
    this.end?.unlisten();
    this.timer?.stop();
    this.requests?.close();
    connection.calls.close(call);
    this.pump?.stop();
    connection.callEnded();
  }
}

/** What fits into a frame, with its mark. */
const maxStatusBytes = maxPayloadBytes - 1;

/** Hears of the end of the call's Context. */
class CallEnd extends DoneListener {
  declare private readonly call: ServerCall;

  constructor(call: ServerCall) {
    super();
    this.call = call;
  }

  override contextDone(): void {
    this.call.contextDone();
  }
}
