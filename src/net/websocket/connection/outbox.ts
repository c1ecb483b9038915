import type { Context } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import type { Wire } from '../../tcp/wire.ts';
import { deflateMessage } from '../deflate/message-deflate.ts';
import type { Deflate } from '../deflate/negotiation.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import { Opcode, rsv1 } from '../frame/opcode.ts';
import { byteLength, bytesOf, PreparedMessage } from '../prepared-message.ts';
import type { Sendable } from '../websocket-connection.ts';
import type { Settings } from './settings.ts';

/** What a message found that is to be sent. */
export type Sent = 'queued' | 'full';

/** The frames that leave, and the sends that wait for room. */
export class Outbox {
  declare private readonly wire: Wire;
  declare private readonly settings: Settings;
  declare private readonly frames: FrameEncoder;
  declare private readonly deflate: Deflate | undefined;
  declare private readonly limit: number;
  /** More than this is not queued even for control frames. */
  declare private readonly controlLimit: number;
  declare private waiting: WaitingSend[] | undefined;

  constructor(wire: Wire, settings: Settings, frames: FrameEncoder, deflate: Deflate | undefined) {
    this.wire = wire;
    this.settings = settings;
    this.frames = frames;
    this.deflate = deflate;
    const { maxBufferedBytes, whenSlow } = settings;
    // Below its high-water mark a wire does not tell when there is room again.
    this.controlLimit = Math.max(maxBufferedBytes, wire.socket.writableHighWaterMark);
    this.limit = whenSlow === 'wait' ? this.controlLimit : maxBufferedBytes;
    this.waiting = undefined;
  }

  /** Queues a message if there is room for it and nobody waits before it. */
  offer(message: Sendable): Sent {
    const prepared = message instanceof PreparedMessage;
    const bytes = prepared ? message.bytes : byteLength(message);
    if (this.waiting !== undefined || !this.hasRoom(bytes)) return 'full';
    if (prepared) this.writePrepared(message);
    else this.write(message, bytes);
    return 'queued';
  }

  /** Waits for room, first come, first served. */
  wait(ctx: Context, message: Sendable): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = new WaitingSend(message, resolve, reject);
      this.waiting ??= [];
      this.waiting.push(entry);
      entry.stop = ctx.onDone(() => {
        this.leave(entry);
        reject(endOf(ctx));
      });
    });
  }

  /** There may be room again. */
  wake(): void {
    for (let entry = this.waiting?.[0]; entry !== undefined; entry = this.waiting?.[0]) {
      const { message } = entry;
      const prepared = message instanceof PreparedMessage;
      const bytes = prepared ? message.bytes : byteLength(message);
      if (!this.hasRoom(bytes)) return;
      this.leave(entry);
      if (prepared) this.writePrepared(message);
      else this.write(message, bytes);
      entry.stop();
      entry.resolve();
    }
  }

  /** Nothing is sent any more. */
  fail(error: () => StatusError): void {
    const { waiting = [] } = this;
    this.waiting = undefined;
    for (const entry of waiting) {
      entry.stop();
      entry.reject(error());
    }
  }

  /** Whether even an answer to a ping must wait until the wire has drained. */
  get isFull(): boolean {
    return this.wire.pendingBytes > this.controlLimit;
  }

  writeControl(opcode: number, payload: Uint8Array): void {
    this.frames.write(this.wire, opcode, payload, payload.length);
  }

  private hasRoom(bytes: number): boolean {
    const pending = this.wire.pendingBytes;
    return pending === 0 || pending + bytes <= this.limit;
  }

  private leave(entry: WaitingSend): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    waiting.splice(waiting.indexOf(entry), 1);
    if (waiting.length === 0) this.waiting = undefined;
  }

  private write(message: string | Uint8Array, bytes: number): void {
    const opcode = typeof message === 'string' ? Opcode.text : Opcode.binary;
    if (this.mayDeflate(bytes)) {
      const payload = deflateMessage(bytesOf(message), this.deflate!.windowBits, this.settings.deflate!.level);
      if (payload.length < bytes) {
        this.frames.write(this.wire, opcode | rsv1, payload, payload.length);
        return;
      }
    }
    this.frames.write(this.wire, opcode, message, bytes);
  }

  private writePrepared(message: PreparedMessage): void {
    if (!this.settings.fromClient) this.write(message.data, message.bytes);
    // One that was compressed with the largest window cannot be read with a smaller one.
    else if (this.mayDeflate(message.bytes) && this.deflate!.windowBits === 15) this.wire.write(message.deflated);
    else this.wire.write(message.plain);
  }

  private mayDeflate(bytes: number): boolean {
    return this.deflate !== undefined && bytes >= this.settings.deflate!.thresholdBytes;
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
