import type { Context } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { endOf } from './sending.ts';

interface WaitingPing {
  readonly id: number;
  readonly sentAt: number;
  readonly ctx: Context;
  resolve(roundTripMs: number): void;
  reject(error: unknown): void;
  /** Leaves the Context. */
  stop(): unknown;
}

/** The pings that an application waits for. Each carries a number of four bytes; those of the keep-alive carry nothing. */
export class Pings {
  #next = 0;
  #waiting: WaitingPing[] = [];

  begin(ctx: Context): { readonly payload: Uint8Array; readonly answered: Promise<number> } {
    const id = this.#next;
    this.#next = (id + 1) >>> 0;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32BE(id);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const stop = ctx.onDone(() => {
      this.#waiting = this.#waiting.filter((ping) => ping.id !== id);
      reject(endOf(ctx));
    });
    this.#waiting.push({ id, sentAt: ctx.clock.now(), ctx, resolve, reject, stop });
    return { payload, answered: promise };
  }

  /** A peer may answer only the last of several pings (RFC 6455 section 5.5.3): those before it are answered too. */
  answered(payload: Uint8Array): void {
    if (payload.length !== 4) return;
    const id = Buffer.from(payload).readUInt32BE();
    const index = this.#waiting.findIndex((ping) => ping.id === id);
    if (index < 0) return;
    for (const ping of this.#waiting.splice(0, index + 1)) {
      ping.stop();
      ping.resolve(ping.ctx.clock.now() - ping.sentAt);
    }
  }

  fail(error: StatusError): void {
    for (const ping of this.#waiting.splice(0)) {
      ping.stop();
      ping.reject(error);
    }
  }
}
