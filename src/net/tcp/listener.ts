import type { Socket } from 'node:net';
import type { Context } from '../../concurrency/index.ts';

/** Where clients reach a listener. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
}

/** Where a server's connections come from: a port of its own, or sockets handed over by a supervisor. */
export interface Listener {
  /**
   * Starts handing connections to `onConnection`, which owns each socket from then on. Resolves with the address that
   * clients use. `ctx` bounds the start and carries the telemetry; its end does not stop the listener. Once only.
   */
  start(ctx: Context, onConnection: (socket: Socket) => void): Promise<ListenerAddress>;
  /** Accepts no more. Connections already handed over live on. May be called twice, also before `start`. */
  stop(): Promise<void>;
}
