import type { StatusError } from '../errors/index.ts';
import type { CallHead } from './head.ts';

/** How an admitted call ended, for whoever admitted it: undefined is success. */
export interface Outcome {
  readonly error: StatusError | undefined;
  readonly durationMs: number;
}

/** How much of a limit is left to the caller: what `RateLimit` and `RateLimit-Policy` tell. */
export interface QuotaState {
  /** The limit's name: letters, digits, `_`, `-`, `.`. */
  readonly policy: string;
  /** Calls that are allowed per window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Calls that are left now, a whole number. */
  readonly remaining: number;
  /** Until `remaining` is `limit` again if nothing more is called. */
  readonly resetMs: number;
}

/** The call may run. `done` is called exactly once, when it has ended. */
export interface Permit {
  readonly admitted: true;
  done(outcome: Outcome): void;
  /**
   * The answer is a stream, which lasts for as long as it likes: called at most once, when that is known, before `done`.
   * Default: nobody hears.
   */
  streams?(): void;
  /** Told to the caller with the answer. Default: nothing is told. */
  readonly quota?: QuotaState | undefined;
}

/** The call is refused. Making one must be nearly free: share the error where its fields do not differ. */
export interface Rejection {
  readonly admitted: false;
  readonly error: StatusError;
  /** Told to the caller as `Retry-After`. Default: nothing is told. */
  readonly retryAfterMs?: number;
  /** Default: nothing is told. */
  readonly quota?: QuotaState | undefined;
}

/** Decides on the head of a call, before anything of it is parsed. Must not wait and must not throw. */
export type Admit = (head: CallHead) => Permit | Rejection;
