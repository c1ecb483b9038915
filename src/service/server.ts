import type { Context } from '../concurrency/index.ts';

/** Where a server can be reached. */
export interface Endpoint {
  /** What is spoken there: `http`, `rpc`, `admin`. */
  readonly name: string;
  /** `http://127.0.0.1:8080` */
  readonly url: string;
}

/** Something that `app` starts, drains and stops. */
export interface Server {
  /** Resolves when it accepts calls. The Context carries telemetry and ends when the server must be gone. */
  start(ctx: Context): Promise<readonly Endpoint[]>;
  /** Takes no new calls and waits for the running ones until `ctx` is done, then ends them. May be called twice. */
  stop(ctx: Context): Promise<void>;
}
