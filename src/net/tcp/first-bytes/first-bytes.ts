import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../concurrency/index.ts';
import { ByteWindow } from '../framing/byte-window.ts';

/** Why a connection was closed that had not said enough. */
export type Unheard = 'timeout' | 'ended' | 'too_long' | 'refused';

export interface FirstBytesOptions<T> {
  readonly clock: Clock;
  /** How long the first bytes may take to come, in milliseconds. */
  readonly timeoutMs: number;
  /** More are not looked at: who has not said enough by then is closed. */
  readonly maxBytes: number;
  /**
   * What the bytes that have come mean, and how many of them are taken away; undefined while more are needed. What it throws
   * closes the connection.
   */
  readonly decide: (bytes: Buffer) => { readonly value: T; readonly taken: number } | undefined;
  /** Owns the socket from now on. What was not taken is back in its buffer; nobody listens to it, and it flows by itself when somebody does. */
  readonly onDecided: (socket: Socket, value: T) => void;
  /** The connection was closed instead; `error` is what `decide` threw. */
  readonly onUnheard: (socket: Socket, why: Unheard, error: unknown) => void;
}

/** Waits for the first bytes of connections, and hands each on when they have said what it is. */
export class FirstBytes<T> {
  readonly #options: FirstBytesOptions<T>;
  readonly #waiting = new Set<Waiting<T>>();
  #whenNone: (() => void) | undefined;

  constructor(options: FirstBytesOptions<T>) {
    this.#options = options;
  }

  /** Connections that have not said enough. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Takes the socket over until it has said enough. */
  accept(socket: Socket): void {
    this.#waiting.add(new Waiting(socket, this.#options, (waiting) => this.#left(waiting)));
  }

  /** Resolves when none waits. For one waiter. */
  settled(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenNone = resolve;
    });
  }

  /** Closes those that have not said enough. */
  close(): void {
    for (const waiting of [...this.#waiting]) waiting.socket.destroy();
  }

  #left(waiting: Waiting<T>): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size === 0) this.#whenNone?.();
  }
}

/** One connection that has not said enough. */
class Waiting<T> {
  readonly socket: Socket;
  readonly #options: FirstBytesOptions<T>;
  readonly #onLeft: (waiting: Waiting<T>) => void;
  readonly #window = new ByteWindow();
  readonly #timer: Timer;
  #why: Unheard = 'ended';
  #error: unknown;
  #hasLeft = false;

  constructor(socket: Socket, options: FirstBytesOptions<T>, onLeft: (waiting: Waiting<T>) => void) {
    this.socket = socket;
    this.#options = options;
    this.#onLeft = onLeft;
    this.#timer = options.clock.after(options.timeoutMs, () => this.#fail('timeout', undefined));
    socket.on('readable', this.#read).on('end', this.#ended).on('error', ignore).on('close', this.#closed);
    if (socket.destroyed) process.nextTick(this.#closed);
  }

  readonly #read = (): void => {
    const { decide, maxBytes } = this.#options;
    const chunk = this.socket.read() as Buffer | null;
    if (chunk === null) return;
    const window = this.#window;
    window.push(chunk);
    window.has(window.length + (window.incoming?.length ?? 0), maxBytes);
    try {
      const decision = decide(window.bytes.subarray(window.position, window.end));
      if (decision !== undefined) this.#decided(decision.value, decision.taken);
      else if (window.length >= maxBytes) this.#fail('too_long', undefined);
    } catch (error) {
      this.#fail('refused', error);
    }
  };

  readonly #ended = (): void => {
    this.socket.destroy();
  };

  readonly #closed = (): void => {
    if (!this.#leave()) return;
    this.#options.onUnheard(this.socket, this.#why, this.#error);
  };

  #decided(value: T, taken: number): void {
    const { socket } = this;
    const window = this.#window;
    this.#timer.stop();
    socket.off('readable', this.#read).off('end', this.#ended);
    window.skip(taken);
    if (window.length > 0) socket.unshift(window.take(window.length));
    // In this tick the socket still takes itself for one that somebody reads, and would undo a pause of the next owner.
    process.nextTick(() => {
      if (socket.destroyed) return;
      socket.off('error', ignore).off('close', this.#closed);
      this.#leave();
      this.#options.onDecided(socket, value);
    });
  }

  #fail(why: Unheard, error: unknown): void {
    this.#why = why;
    this.#error = error;
    this.socket.destroy();
  }

  #leave(): boolean {
    if (this.#hasLeft) return false;
    this.#hasLeft = true;
    this.#timer.stop();
    this.#onLeft(this);
    return true;
  }
}

const ignore = () => {};
