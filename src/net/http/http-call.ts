import { CallMetadata, type PeerCertificate, type QuotaState, type TraceContext } from '../../call/index.ts';
import type { CancelContext, Context } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import type { Permit } from '../../service/index.ts';
import { type CallState, withCallState } from './call-state.ts';
import type { Exchange, ExchangeListener } from './engine/exchange.ts';
import { clientLeft } from './engine/request-body.ts';
import { statusOf } from './http-errors.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { answer, answerError } from './reply/answer.ts';
import type { Compression } from './reply/compression.ts';
import { quotaHeaders } from './reply/quota-headers.ts';
import type { HttpReply } from './reply/reply.ts';
import { isStream, type Output, type RouteCall } from './route-call.ts';
import type { OnSent } from './sent.ts';

/** What a call needs of its server. */
export interface CallHost {
  /** Ends when the server begins to drain. */
  readonly drainContext: Context;
  onStarted(): void;
  onEnded(): void;
  /** A mistake of ours, outside of the chain: told, and answered unless an answer has begun. */
  onFault(exchange: Exchange, thrown: unknown): void;
}

/**
 * One call: from the chain's input to the last byte of its answer. One object for all of it, since it is made for every
 * request: the state of the call, and who hears that the client has left.
 */
export class HttpCall implements CallState, ExchangeListener {
  declare readonly transport: 'http';
  declare readonly exchange: Exchange;
  declare readonly request: IncomingRequest;
  declare readonly drain: Context;
  declare readonly callerTrace: TraceContext | undefined;
  declare compression: Compression | undefined;
  declare extraHeaders: string[] | undefined;
  declare span: TraceContext | undefined;
  declare reply: HttpReply | undefined;
  declare onSent: OnSent | undefined;
  declare knownMetadata: CallMetadata | undefined;
  declare hasBegun: boolean;
  declare private readonly host: CallHost;
  declare private readonly ctx: CancelContext;
  declare private readonly permit: Permit | undefined;
  declare private readonly startedAt: number;

  constructor(
    host: CallHost,
    exchange: Exchange,
    request: IncomingRequest,
    ctx: CancelContext,
    callerTrace: TraceContext | undefined,
    permit: Permit | undefined,
  ) {
    this.transport = 'http';
    this.exchange = exchange;
    this.request = request;
    this.drain = host.drainContext;
    this.callerTrace = callerTrace;
    this.compression = undefined;
    this.extraHeaders = undefined;
    this.span = undefined;
    this.reply = undefined;
    this.onSent = undefined;
    this.knownMetadata = undefined;
    this.hasBegun = false;
    this.host = host;
    this.ctx = ctx;
    this.permit = permit;
    this.startedAt = exchange.startedAt;
    request.call = this;
  }

  get address(): string | undefined {
    return this.exchange.remoteAddress;
  }

  get peer(): PeerCertificate | undefined {
    return this.exchange.peer;
  }

  get metadataOwner(): this {
    return this;
  }

  /** Of the headers of the request. */
  get metadata(): CallMetadata {
    this.knownMetadata ??= new CallMetadata(() => headersOf(this.exchange));
    return this.knownMetadata;
  }

  /** Trailers leave with the head, as headers: hardly a client of HTTP/1.1 reads any. */
  get isOver(): boolean {
    return this.hasBegun;
  }

  tell(quota: QuotaState): void {
    this.extraHeaders ??= [];
    this.extraHeaders.push(...quotaHeaders(quota));
  }

  run(call: RouteCall): void {
    this.host.onStarted();
    this.exchange.listener = this;
    this.compression = call.compression;
    let output: Output | Promise<Output>;
    const { deadline } = this.ctx;
    try {
      // A caller may leave no time at all.
      if (deadline !== undefined && deadline <= this.startedAt) this.ctx.throwIfDone();
      output = call.run(withCallState(this.ctx, this), this.request) as Output | Promise<Output>;
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (output instanceof Promise)
      output.then(
        (value) => this.#answer(value),
        (error) => this.#failed(error),
      );
    else this.#answer(output);
  }

  onAbort(): void {
    this.ctx.cancel(clientLeft());
  }

  #answer(output: Output): void {
    // How long its client takes to read it says nothing about this server.
    if (isStream(output) || output.content.kind === 'upgrade') this.permit?.streams?.();
    let sent: Promise<void> | undefined;
    try {
      sent = answer(this.ctx, this, output);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (sent === undefined) this.#end(undefined);
    else
      sent.then(
        () => this.#end(undefined),
        (error) => this.#failed(error),
      );
  }

  /** The chain throws nothing but StatusErrors that may leave; what fails in sending may be a mistake of ours. */
  #failed(error: unknown): void {
    if (!errors.isStatusError(error)) {
      this.host.onFault(this.exchange, error);
      this.#end(errors.from(error));
      return;
    }
    answerError(this, error);
    this.#end(error);
  }

  #end(error: errors.StatusError | undefined): void {
    this.ctx[Symbol.dispose]();
    this.host.onEnded();
    if (this.permit === undefined && this.onSent === undefined) return;
    const durationMs = this.ctx.clock.now() - this.startedAt;
    try {
      this.permit?.done({ error, durationMs });
    } catch (thrown) {
      this.host.onFault(this.exchange, thrown);
    }
    if (this.onSent === undefined) return;
    const status = error === undefined ? (this.reply?.status ?? 200) : statusOf(error);
    this.onSent(this.request, { status, error, durationMs });
  }
}

function* headersOf(exchange: Exchange): Generator<readonly [string, string]> {
  for (const [name, value] of Object.entries(exchange.headers())) if (value !== undefined) yield [name, value];
}
