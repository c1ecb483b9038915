import type { Admit, CallHead, CallMetadata, MetadataOwner, Permit, Priority, Rejection } from '../call/index.ts';
import { setOwner } from '../concurrency/context/owner.ts';
import { type CancelContext, type Context, isContextError } from '../concurrency/index.ts';
import { type Linked, LinkedList } from '../concurrency/parking/linked-list.ts';
import type { StatusError } from '../errors/index.ts';
import type { ObservedCall } from '../service/call-observer.ts';
import { callContext } from '../service/index.ts';
import { endOf } from './end-with-context.ts';
import { fromConnectError } from './error-codec.ts';
import { fitForHeaders } from './error-size.ts';
import { RpcErrors } from './rpc-errors.ts';
import { headOf, type ServerMethod } from './server-method.ts';

/** A call that a server has admitted and not finished. */
export interface InboundCall extends Linked<InboundCall>, MetadataOwner {
  readonly method: ServerMethod;
  readonly ctx: CancelContext;
  /** On the Context's clock. */
  readonly startedAt: number;
  readonly permit: Permit | undefined;
  /** What it failed with. */
  error: StatusError | undefined;
  /** Whether the chain was reached: the message was whole and readable. */
  reached: boolean;
  /** Of what the caller sent, and of the answer. Undefined: nothing was sent, and the handler has set none. */
  metadata: CallMetadata | undefined;
  hasBegun: boolean;
  isOver: boolean;
  /** Who reaches a method's `bare` sets it; it ends with the call. */
  observed: ObservedCall | undefined;
}

/** What a call failed with: where its Context was ended for a reason of ours (a drain), that reason. */
export function inboundFailure(call: InboundCall, thrown: unknown): StatusError {
  const error = isContextError(thrown) && call.ctx.err() !== undefined ? endOf(call.ctx) : fromConnectError(thrown);
  call.error = fitForHeaders(error);
  return call.error;
}

/** The calls of a server: keeps account of those that run, so that a drain can wait for them. */
export class InboundCalls {
  /** Not a Set: see `StreamTable`. */
  readonly #running = new LinkedList<InboundCall>();
  #whenIdle: (() => void) | undefined;

  /**
   * Lets `admit` decide on the head of a call, and gives it a Context under `base`. Whoever gets a call must close it.
   * `startedAt`: on the clock of `base`. Default: now.
   */
  open(
    base: Context,
    method: ServerMethod,
    known: Omit<CallHead, 'service' | 'method'>,
    admit: Admit | undefined,
    startedAt = base.clock.now(),
  ): InboundCall | Rejection {
    const head = headOf(method.desc, method.priority === undefined ? known : prioritised(known, method.priority));
    const admission = method.isHealth ? undefined : admit?.(head);
    if (admission?.admitted === false) return admission;
    // How long the two sides talk says nothing about this server.
    if (method.info.kind !== 'unary') admission?.streams?.();
    const ctx = callContext(base, head, method.info.timeoutMs, startedAt);
    const call: InboundCall = {
      method,
      ctx,
      startedAt,
      permit: admission,
      error: undefined,
      reached: false,
      metadata: undefined,
      hasBegun: false,
      isOver: false,
      observed: undefined,
      previous: undefined,
      next: undefined,
      list: undefined,
    };
    setOwner(ctx, call);
    this.#running.push(call);
    return call;
  }

  /** The call is over for its caller. A second time does nothing. */
  close(call: InboundCall): void {
    if (call.list === undefined) return;
    this.#running.remove(call);
    call.isOver = true;
    const { ctx, method, permit, startedAt } = call;
    if (!call.reached) {
      call.error ??= ctx.err() === undefined ? RpcErrors.CALLER_LEFT('the caller left') : endOf(ctx);
      call.observed = method.observe(ctx, startedAt);
    }
    const now = ctx.clock.now();
    call.observed?.end(call.error, now);
    permit?.done({ error: call.error, durationMs: now - startedAt });
    ctx[Symbol.dispose]();
    if (this.#running.head === undefined) this.#whenIdle?.();
  }

  /** Ends the calls that answer with a stream: they would go on for as long as their caller likes. */
  endStreams(reason: StatusError): void {
    // Calls leave on the way.
    for (const { method, ctx } of [...this.#running]) {
      if (method.info.kind === 'server_stream' || method.info.kind === 'bidi_stream') ctx.cancel(reason);
    }
  }

  /** Resolves when no call runs. For one waiter. */
  idle(): Promise<void> {
    if (this.#running.head === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }
}

/** `default` is what a call has that says nothing. */
function prioritised(known: Omit<CallHead, 'service' | 'method'>, priority: Priority) {
  const { fields } = known;
  return fields.priority === 'default' ? { ...known, fields: { ...fields, priority } } : known;
}
