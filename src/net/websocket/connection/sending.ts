import type { Context } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import type { Wire } from '../../tcp/wire.ts';
import { deflateMessage } from '../deflate/message-deflate.ts';
import type { Deflate } from '../deflate/negotiation.ts';
import { Opcode, rsv1 } from '../frame/opcode.ts';
import { byteLength, bytesOf, PreparedMessage } from '../prepared-message.ts';
import type { Sendable } from '../websocket-connection.ts';
import type { Shared } from './shared.ts';

/**
 * The sending half of a connection: the frames that leave, and the sends that wait for room. A base class and no part, since
 * every idle connection would pay for one more object.
 */
export abstract class Sending {
  declare protected readonly shared: Shared;
  /** Set by the class below, which is its handler. */
  declare protected wire: Wire;
  declare protected readonly deflate: Deflate | undefined;
  declare private waiting: WaitingSend[] | undefined;

  constructor(shared: Shared, deflate: Deflate | undefined) {
    this.shared = shared;
    this.deflate = deflate;
    this.waiting = undefined;
  }

  /** Queues a message if there is room for it and nobody waits before it. */
  protected offer(message: Sendable): boolean {
    const bytes = message instanceof PreparedMessage ? message.bytes : byteLength(message);
    if (this.waiting !== undefined || !this.hasRoom(bytes)) return false;
    this.write(message, bytes);
    return true;
  }

  /** Waits for room, first come, first served. */
  protected waitForRoom(ctx: Context, message: Sendable): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = new WaitingSend(message, resolve, reject);
      this.waiting ??= [];
      this.waiting.push(entry);
      entry.stop = ctx.onDone(() => {
        this.unpark(entry);
        reject(endOf(ctx));
      });
    });
  }

  /** There may be room again. */
  protected wakeSends(): void {
    for (let entry = this.waiting?.[0]; entry !== undefined; entry = this.waiting?.[0]) {
      const { message } = entry;
      const bytes = message instanceof PreparedMessage ? message.bytes : byteLength(message);
      if (!this.hasRoom(bytes)) return;
      this.unpark(entry);
      this.write(message, bytes);
      entry.stop();
      entry.resolve();
    }
  }

  /** Nothing is sent any more. */
  protected failSends(error: () => StatusError): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    this.waiting = undefined;
    for (const entry of waiting) {
      entry.stop();
      entry.reject(error());
    }
  }

  /** Whether even the answer to a ping must wait until the wire has drained. */
  protected get isClogged(): boolean {
    return (
      this.wire.pendingBytes > Math.max(this.shared.settings.maxBufferedBytes, this.wire.socket.writableHighWaterMark)
    );
  }

  protected writeControl(opcode: number, payload: Uint8Array): void {
    this.shared.frames.write(this.wire, opcode, payload, payload.length);
  }

  private hasRoom(bytes: number): boolean {
    if (this.fits(bytes)) return true;
    // What only waits for the end of the tick does not show that the peer is slow.
    this.wire.flush();
    return this.fits(bytes);
  }

  private fits(bytes: number): boolean {
    const pending = this.wire.pendingBytes;
    if (pending === 0) return true;
    const { maxBufferedBytes, whenSlow } = this.shared.settings;
    if (pending + bytes <= maxBufferedBytes) return true;
    // A wire tells when there is room again only if it has said that it has too much: who waits must not wait before that.
    return whenSlow === 'wait' && pending < this.wire.socket.writableHighWaterMark;
  }

  private unpark(entry: WaitingSend): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    waiting.splice(waiting.indexOf(entry), 1);
    if (waiting.length === 0) this.waiting = undefined;
  }

  private write(message: Sendable, bytes: number): void {
    if (message instanceof PreparedMessage && this.shared.settings.fromClient) {
      this.writePrepared(message);
      return;
    }
    const { frames, settings } = this.shared;
    const data = message instanceof PreparedMessage ? message.data : message;
    const opcode = typeof data === 'string' ? Opcode.text : Opcode.binary;
    if (this.mayDeflate(bytes)) {
      const payload = deflateMessage(bytesOf(data), this.deflate!.windowBits, settings.deflate!.level);
      if (payload.length < bytes) {
        frames.write(this.wire, opcode | rsv1, payload, payload.length);
        return;
      }
    }
    frames.write(this.wire, opcode, data, bytes);
  }

  private writePrepared(message: PreparedMessage): void {
    // One that was compressed with the largest window cannot be read with a smaller one.
    const mayDeflate = this.mayDeflate(message.bytes) && this.deflate!.windowBits === 15;
    this.wire.write(mayDeflate ? message.deflated : message.plain);
  }

  private mayDeflate(bytes: number): boolean {
    return this.deflate !== undefined && bytes >= this.shared.settings.deflate!.thresholdBytes;
  }
}

class WaitingSend {
  readonly message: Sendable;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Leaves the Context. */
  stop: () => unknown;

  constructor(message: Sendable, resolve: () => void, reject: (error: unknown) => void) {
    this.message = message;
    this.resolve = resolve;
    this.reject = reject;
    this.stop = nothing;
  }
}

function nothing(): void {}

/** The error of a Context that has ended. */
export function endOf(ctx: Context): unknown {
  try {
    ctx.throwIfDone();
  } catch (error) {
    return error;
  }
  return undefined;
}
