import type { Message } from '@bufbuild/protobuf';
import type { Context } from '../../concurrency/index.ts';
import type { Pick } from '../../discovery/index.ts';
import type { StatusError } from '../../errors/index.ts';
import type { ObservedCall } from '../../service/call-observer.ts';
import type { Source } from '../codec/source.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { ClientCall, type MuxMethod } from './client-call.ts';
import { putMessage, takeMessage } from './messages.ts';
import type { MuxSession } from './mux-session.ts';
import { flags } from './protocol.ts';

/** A call with one message each way: one frame there, one back. */
export class UnaryCall extends ClientCall {
  declare readonly promise: Promise<Message>;
  declare private readonly resolve: (message: Message) => void;
  declare private readonly reject: (error: unknown) => void;
  declare private output: Message | undefined;
  /** The output, while it comes. */
  declare private reading: Promise<void> | undefined;

  constructor(
    session: MuxSession,
    method: MuxMethod,
    ctx: Context,
    pick: Pick,
    observed: ObservedCall | undefined,
    startedAt: number | undefined,
  ) {
    super(session, method, ctx, pick, observed, startedAt);
    this.promise = new Promise<Message>(takeResolvers);
    this.resolve = lastResolve;
    this.reject = lastReject;
    this.output = undefined;
    this.reading = undefined;
  }

  begin(input: Message): Promise<Message> {
    const { session, method } = this;
    try {
      const flag = putMessage(session.engine, method.input, input, 'the request', method.limits);
      if (typeof flag === 'number') this.start(flag | flags.end);
      else void this.startLater(flag, flags.end);
    } catch (error) {
      this.abandon(error);
    }
    return this.promise;
  }

  override get hasUnread(): boolean {
    return false;
  }

  override onMessage(source: Source, end: number, isCompressed: boolean, cost: number): void {
    const { method, session } = this;
    session.engine.consumed(this, cost);
    try {
      if (this.output !== undefined || this.reading !== undefined)
        throw RpcErrors.PROTOCOL_ERROR(`${method.desc.name} was answered with more than one message`);
      const output = takeMessage(method.output, source, end, isCompressed, 'the answer', method.limits);
      if (output instanceof Promise) this.reading = this.read(output);
      else this.output = output;
    } catch (error) {
      this.abandon(this.unreadable(error));
    }
  }

  override onAnswer(status: Uint8Array | undefined, isUnsent: boolean): void {
    this.answered();
    if (status !== undefined) this.finish(this.errorOf(status, isUnsent));
    else if (this.reading !== undefined) void this.reading.then(() => this.finish(undefined));
    else if (this.output !== undefined) this.finish(undefined);
    else this.finish(RpcErrors.PROTOCOL_ERROR(`${this.method.desc.name} was answered without a message`));
  }

  override onWritable(): void {}

  /** Of an answer that is inflated meanwhile. */
  private async read(output: Promise<Message>): Promise<void> {
    try {
      this.output = await output;
    } catch (error) {
      this.abandon(this.unreadable(error));
    }
  }

  protected override settle(error: StatusError | undefined): void {
    if (error === undefined) this.resolve(this.output!);
    else this.reject(error);
  }
}

// One executor for all promises, so that none needs a closure of its own. It runs within the constructor of the promise.
let lastResolve: (message: Message) => void;
let lastReject: (error: unknown) => void;
function takeResolvers(resolve: (message: Message) => void, reject: (error: unknown) => void): void {
  lastResolve = resolve;
  lastReject = reject;
}
