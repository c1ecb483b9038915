import type { Context } from '../concurrency/index.ts';

/** Where a server can be reached. */
export interface Endpoint {
  /** What is spoken there: `http`, `rpc`, `admin`. */
  readonly name: string;
  /** `http://127.0.0.1:8080` */
  readonly url: string;
}

/** Why a server drains. */
export interface DrainOptions {
  /**
   * A successor serves already, so there is time: idle connections may be kept until their clients have come once more.
   * Default: false.
   */
  readonly isRenewal?: boolean;
}

/** Something that `app` starts, drains and stops. */
export interface Server {
  /** Resolves when it accepts calls. The Context carries telemetry and ends when the server must be gone. */
  start(ctx: Context): Promise<readonly Endpoint[]>;
  /**
   * Told before `stop`, while callers still learn that it leaves: it serves on, new calls too, and asks its clients to go
   * elsewhere. Told again without `isRenewal`, also during `stop`, when there is no more time. Must not throw. Default: nothing
   * happens before `stop`.
   */
  drain?(options: DrainOptions): void;
  /** Takes no new calls and waits for the running ones until `ctx` is done, then ends them. May be called twice. */
  stop(ctx: Context): Promise<void>;
}
