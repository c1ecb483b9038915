import type { CancelContext } from '../concurrency/index.ts';
import type { StatusError } from '../errors/index.ts';
import type { ServerMethod } from './server-method.ts';

/** A call that a server has admitted and not finished. */
export interface InboundCall {
  readonly method: ServerMethod;
  readonly ctx: CancelContext;
  /** On the Context's clock. */
  readonly startedAt: number;
  /** What the chain failed with, if it ran. */
  error: StatusError | undefined;
  /** Whether the chain was reached: the message was whole and readable. */
  reached: boolean;
}

/** Keeps account of the calls that run, so that a drain can wait for them. */
export class RunningCalls {
  readonly #calls = new Set<InboundCall>();
  #whenIdle: (() => void) | undefined;

  get size(): number {
    return this.#calls.size;
  }

  add(call: InboundCall): void {
    this.#calls.add(call);
  }

  delete(call: InboundCall): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#whenIdle?.();
  }

  /** Ends the calls that answer with a stream: they would go on for as long as their caller likes. */
  endStreams(reason: StatusError): void {
    for (const { method, ctx } of this.#calls) {
      if (method.info.kind === 'server_stream' || method.info.kind === 'bidi_stream') ctx.cancel(reason);
    }
  }

  /** Resolves when no call runs. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }
}
