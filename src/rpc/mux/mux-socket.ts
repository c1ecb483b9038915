import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../concurrency/index.ts';
import { Wire, type WireHandler } from '../../net/tcp/wire.ts';
import { flushBytes, type MuxEngine } from './engine.ts';
import { MuxViolation } from './protocol.ts';

/** Who owns a {@link MuxSocket}. */
export interface MuxSocketOwner {
  /**
   * Nothing that comes counts any more, though the connection is not closed yet: the other side has closed its end, or done
   * what it may not (`violation`). `error`: what the socket failed of.
   */
  onBroken(violation: MuxViolation | undefined, error: Error | undefined): void;
  /** The connection is gone. `violation`: what the other side did that it may not. Called once. */
  onClosed(violation: MuxViolation | undefined, error: Error | undefined): void;
}

/**
 * The engine's socket: what comes is handed over as it is, and what is sent within one turn of the event loop goes out in one
 * system call, from one buffer that is used again.
 */
export class MuxSocket implements WireHandler {
  readonly wire: Wire;
  readonly #engine: MuxEngine;
  readonly #clock: Clock;
  readonly #owner: MuxSocketOwner;
  #violation: MuxViolation | undefined;
  #isClosed = false;
  #closesWhenFlushed = false;
  #isFlushing = false;
  #lastWords: Timer | undefined;
  /** When something came last. */
  heardAt: number;

  constructor(socket: Socket, engine: MuxEngine, clock: Clock, owner: MuxSocketOwner) {
    this.#engine = engine;
    this.#clock = clock;
    this.#owner = owner;
    this.heardAt = clock.now();
    socket.setNoDelay(true);
    this.wire = new Wire(socket, this);
  }

  start(): void {
    this.wire.start();
    // One that is closed already does not say so again.
    if (this.wire.socket.destroyed) process.nextTick(() => this.onClose(undefined));
    this.flush();
  }

  /** To be called when the engine has something to send for the first time. */
  flushLater(): void {
    process.nextTick(flushNow, this);
  }

  /** Sends what is there; while the socket takes no more it stays, and counts as what the peer does not read. */
  flush(): void {
    // What is sent may be taken, and said to be, before it is forgotten here: it must not go out twice.
    if (this.#isFlushing) return;
    const engine = this.#engine;
    const { out } = engine;
    this.#isFlushing = true;
    do {
      if (engine.isBlocked) break;
      if (out.length > 0) {
        engine.isBlocked = !this.wire.send(out.peek());
        out.release(this.wire.pendingBytes === 0);
      }
      engine.flushed();
    } while (out.length >= flushBytes);
    this.#isFlushing = false;
    if (this.#closesWhenFlushed && out.length === 0) this.wire.close();
  }

  /** Sends what is there, then closes. */
  close(): void {
    this.#closesWhenFlushed = true;
    this.flush();
  }

  destroy(): void {
    this.wire.destroy();
  }

  onBytes(chunk: Uint8Array): void {
    if (this.#engine.isDead) return;
    this.heardAt = this.#clock.now();
    try {
      this.#engine.receive(chunk, this.heardAt);
    } catch (error) {
      if (!(error instanceof MuxViolation)) throw error;
      this.#violation = error;
      this.#engine.goAway(error.code, error.message);
      this.#break();
    }
  }

  onEnd(): void {
    if (!this.#engine.isDead) this.#break();
  }

  onDrain(): void {
    this.#engine.isBlocked = false;
    this.flush();
  }

  onClose(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lastWords?.stop();
    this.#owner.onClosed(this.#violation, error);
  }

  /** What waits is still sent, but not for long: who breaks off may read nothing, either. */
  #break(): void {
    this.#engine.isDead = true;
    this.flush();
    this.#owner.onBroken(this.#violation, this.wire.error);
    this.close();
    if (!this.#isClosed) this.#lastWords = this.#clock.after(lastWordsMs, () => this.destroy());
  }
}

const lastWordsMs = 1_000;

function flushNow(socket: MuxSocket): void {
  socket.flush();
}
