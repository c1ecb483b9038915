import type { Dispatcher } from 'undici';
import type { Context, Stop } from '../../../concurrency/index.ts';
import type { Connection } from './connection.ts';
import { connectionFailed, failureOf, isClosedByPeer } from './failure.ts';
import type { Outgoing } from './outgoing.ts';

/** Interim answers (1xx) before the answer; more of them only keep the call busy. */
const maxInterim = 16;

export type RawHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/**
 * One request on one connection, as undici tells of it. What becomes of the answer is the subclass's to say. It settles
 * once; an exchange that fails, or whose Context ends, takes its connection with it.
 */
export abstract class Exchange<T> implements Dispatcher.DispatchHandler {
  readonly promise: Promise<T>;
  protected readonly outgoing: Outgoing;
  protected readonly connection: Connection;
  protected controller: Dispatcher.DispatchController | undefined;
  readonly #release: (connection: Connection) => void;
  readonly #maxHeaderBytes: number;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #stop: Stop;
  #isSent = false;
  #isAnswered = false;
  #isOver = false;
  #interim = 0;
  #failure: unknown;

  constructor(
    ctx: Context,
    outgoing: Outgoing,
    connection: Connection,
    maxHeaderBytes: number,
    release: (connection: Connection) => void,
  ) {
    this.outgoing = outgoing;
    this.connection = connection;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#release = release;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#stop = ctx.onDone(this.#onDone);
  }

  /** Whether the request may be sent again on a fresh connection: for sure, or as far as HTTP can tell, nobody has read it. */
  get mayRepeat(): boolean {
    if (this.connection.answers === 0 || this.#isAnswered || !isClosedByPeer(this.#failure)) return false;
    const { isIdempotent, stream } = this.outgoing;
    return stream === undefined ? isIdempotent || !this.#isSent : !stream.isTouched;
  }

  /** The head has come. */
  protected abstract onHead(status: number, headers: RawHeaders): void;
  protected abstract onBytes(chunk: Uint8Array): void;
  /** The answer is complete. */
  protected abstract onEnd(): void;
  /** It failed after `settle`. */
  protected onBroken(_error: unknown): void {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.#isSent = true;
  }

  onResponseStarted(): void {
    this.#isAnswered = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    if (this.#isOver) return;
    if (status >= 200) {
      this.onHead(status, headers);
      return;
    }
    this.#interim++;
    if (this.#interim > maxInterim)
      this.fail(connectionFailed(this.outgoing.source, new Error(`more than ${maxInterim} interim answers`)));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isOver) this.onBytes(chunk);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#finish();
    const { connection } = this;
    connection.answers++;
    // Not within undici's call: it may yet find that the connection cannot be used again.
    queueMicrotask(() => this.#release(connection));
    this.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#failure = error;
    const own = this.outgoing.stream?.failure;
    this.fail(own === undefined ? failureOf(this.outgoing.source, this.#maxHeaderBytes, error) : own.error);
  }

  /** Gives the caller its result. */
  protected settle(value: T): void {
    this.#resolve(value);
  }

  /** From now on another Context decides how long it may last. */
  protected follow(ctx: Context): void {
    if (this.#isOver) return;
    this.#stop();
    this.#stop = ctx.onDone(this.#onDone);
  }

  /** Ends it early, and its connection with it. */
  protected fail(error: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.connection.discard();
    this.#reject(error);
    this.onBroken(error);
  }

  readonly #onDone = () => this.fail(new Error('the Context has ended'));

  #finish(): void {
    this.#isOver = true;
    this.#stop();
    // The next exchange will want it untouched.
    if (!this.mayRepeat) this.outgoing.stream?.stop();
  }
}
