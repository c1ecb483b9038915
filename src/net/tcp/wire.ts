import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What becomes of a wire's bytes. Each is called synchronously, in the order in which things happen. */
export interface WireHandler {
  /** Bytes that came. The wire never touches them again: they may be kept. */
  onBytes(chunk: Uint8Array): void;
  /** The peer sends no more (FIN). Writing may go on. */
  onEnd(): void;
  /** The socket is closed, for whatever reason; nothing follows. */
  onClose(error: Error | undefined): void;
  /** All that was written has been taken, after `write` had said that there was too much. */
  onDrain(): void;
}

/**
 * The bytes of one socket: handed over as they come, and written once a turn of the event loop, whatever number of writes
 * that was, since the system call is most of what a small write costs (`npm run bench -- http`, row pipe-16). All wires are
 * written one after the other, when everything that had arrived has been read: peers on this machine are then woken once
 * and not for each of them, and code and data stay in the processor's caches; together that is a tenth of a small request.
 *
 * A wire owns its socket: nobody else may read from it, write to it or listen to its data. It takes a handful of
 * listeners, which all sockets share, and no closure per connection until one is needed.
 *
 * Where nothing waits in either direction, bytes go around the queues of the socket's two streams: `push` and `_write` are
 * where an implementation of a stream meets them (both documented for that), and a queue of one costs half a microsecond each
 * way. Everything else, from pausing to closing, is the socket's own.
 */
export class Wire {
  readonly socket: Socket;
  declare private handler: WireHandler;
  /** Text that waits for the flush, one byte a character. */
  declare private text: string;
  /** What waits before `text`. Undefined while there is nothing but text, which is almost always. */
  declare private parts: (string | Uint8Array)[] | undefined;
  declare private partBytes: number;
  /** Bytes that went around the stream and that the kernel had no room for. */
  declare private inFlight: number;
  /** All that was flushed. */
  declare private flushedBytes: number;
  /** Something went through the stream's queue: there may be something in it. */
  declare private usesStream: boolean;
  declare private isScheduled: boolean;
  declare private wantsDrain: boolean;
  declare private closesWhenWritten: boolean;
  declare private failure: Error | undefined;
  declare private onWritten: ((error?: Error | null) => void) | undefined;

  constructor(socket: Socket, handler: WireHandler) {
    this.socket = socket;
    this.handler = handler;
    this.text = '';
    this.parts = undefined;
    this.partBytes = 0;
    this.inFlight = 0;
    this.flushedBytes = 0;
    this.usesStream = socket.writableLength > 0;
    this.isScheduled = false;
    this.wantsDrain = false;
    this.closesWhenWritten = false;
    this.failure = undefined;
    this.onWritten = undefined;
    (socket as WiredSocket)[wireOf] = this;
    // FIN of the peer must not end what we still write.
    socket.allowHalfOpen = true;
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('drain', onDrain);
  }

  /** Begins to read: also what was put back with `unshift`. */
  start(): void {
    const { socket } = this;
    socket.push = onPush;
    socket.on('data', onData);
  }

  /** No more bytes until `resume`: the kernel's buffer fills and slows the peer down. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /**
   * Queues what is to be sent; a string must be Latin-1, one byte a character; bytes must not change afterwards. False if
   * more waits than the socket's `writableHighWaterMark`: `onDrain` is called when all of it has been taken. What is
   * written to a closed socket is dropped.
   */
  write(data: string | Uint8Array): boolean {
    if (typeof data === 'string') this.text += data;
    else this.addPart(data);
    if (!this.isScheduled) {
      this.isScheduled = true;
      flushLater(this);
    }
    const queued = this.text.length + this.partBytes;
    if ((queued < smallBytes && this.inFlight === 0 && !this.usesStream) || !this.isFull) return true;
    this.wantsDrain = true;
    return false;
  }

  /**
   * Sends what is queued, and then these bytes, now. They must not change while `pendingBytes` is above 0; then their memory
   * is the caller's again. False as from `write`.
   */
  send(bytes: Uint8Array): boolean {
    if (this.parts === undefined && this.text === '' && this.mayWriteAround) {
      this.flushedBytes += bytes.length;
      if (this.socket.writable) this.writeAround(bytes, bytes.length, 'buffer');
      if (!this.isFull) return true;
      this.wantsDrain = true;
      return false;
    }
    this.addPart(bytes);
    const { isFull } = this;
    // Before the flush, which asks the stream to tell.
    if (isFull) this.wantsDrain = true;
    this.flush();
    return !isFull;
  }

  /** Sends what is queued now, in one system call. */
  flush(): void {
    const { socket, text, parts } = this;
    if (parts === undefined && text === '') return;
    this.flushedBytes += text.length + this.partBytes;
    this.text = '';
    this.parts = undefined;
    this.partBytes = 0;
    if (!socket.writable) return;
    // The stream knows nothing of what went around it, and says 'drain' only if its own queue was full.
    const done = this.wantsDrain ? (error?: Error | null) => void (error == null && this.settleDrain()) : undefined;
    if (parts === undefined && this.mayWriteAround) {
      this.writeAround(text, text.length, 'latin1');
      return;
    }
    this.usesStream = true;
    if (parts !== undefined) writeParts(socket, parts, text, done);
    else socket.write(text, 'latin1', done);
  }

  /** Bytes that were written and that the kernel has not taken. */
  get pendingBytes(): number {
    return this.text.length + this.partBytes + this.unsentBytes;
  }

  /** More waits than the socket's `writableHighWaterMark`: whoever writes on does so against the peer's pace. */
  get isFull(): boolean {
    return this.pendingBytes >= this.socket.writableHighWaterMark;
  }

  /** What the kernel has taken so far: it only grows, with every piece that the peer made room for. */
  get takenBytes(): number {
    return this.flushedBytes - this.unsentBytes;
  }

  /** `pendingBytes` without what waits for the flush: what the peer is too slow for. */
  get unsentBytes(): number {
    return this.inFlight + this.socket.writableLength;
  }

  /** What the socket failed of, if it did: known before its end and its close are told. */
  get error(): Error | undefined {
    return this.failure;
  }

  /** Sends what is queued, then FIN. The peer may go on sending. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  /** Sends what is queued, then closes, without waiting for the peer. */
  close(): void {
    this.flush();
    if (this.inFlight > 0) this.closesWhenWritten = true;
    else this.socket.destroySoon();
  }

  /** Closes at once; what is queued is lost. */
  destroy(error?: Error): void {
    this.socket.destroy(error);
  }

  /** Sends what is queued and gives the socket back, paused and without listeners, for somebody else to take over. */
  release(): Socket {
    const { socket } = this;
    this.flush();
    socket.pause();
    socket.push = Socket.prototype.push;
    socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose).off('drain', onDrain);
    (socket as WiredSocket)[wireOf] = undefined;
    return socket;
  }

  private addPart(data: Uint8Array): void {
    this.parts ??= [];
    if (this.text !== '') {
      this.parts.push(this.text);
      this.partBytes += this.text.length;
      this.text = '';
    }
    this.parts.push(data);
    this.partBytes += data.length;
  }

  private get mayWriteAround(): boolean {
    const { socket } = this;
    if (this.inFlight > 0 || socket.connecting || (this.usesStream && socket.writableLength > 0)) return false;
    // A write that follows on one that went around comes before its end; with TLS the platform aborts the process for that.
    return !(socket instanceof TLSSocket);
  }

  private writeAround(data: string | Uint8Array, length: number, encoding: 'latin1' | 'buffer'): void {
    this.onWritten ??= (error) => this.written(error);
    this.inFlight = length;
    // Calls back before it returns where the kernel takes all of it at once.
    this.socket._write(data as never, encoding as never, this.onWritten);
  }

  private written(error: Error | null | undefined): void {
    this.inFlight = 0;
    if (error != null) {
      this.socket.destroy(error);
      return;
    }
    if (this.closesWhenWritten) this.socket.destroySoon();
    // Within a flush the rest is not known yet.
    else if (!this.isScheduled) this.settleDrain();
  }

  private settleDrain(): void {
    if (!this.wantsDrain || this.pendingBytes > 0) return;
    this.wantsDrain = false;
    this.handler.onDrain();
  }

  /** @internal */
  received(chunk: Uint8Array): void {
    this.handler.onBytes(chunk);
  }

  /** @internal */
  flushScheduled(): void {
    this.flush();
    this.isScheduled = false;
    this.settleDrain();
  }

  /** @internal */
  ended(): void {
    this.handler.onEnd();
  }

  /** @internal */
  failed(error: Error): void {
    this.failure ??= error;
  }

  /** @internal */
  closed(): void {
    this.handler.onClose(this.failure);
  }

  /** @internal */
  drained(): void {
    this.settleDrain();
  }
}

/** So little that its size need not be compared with anything. */
const smallBytes = 16 * 1024;

const wireOf = Symbol('flotilla.wire');

interface WiredSocket extends Socket {
  [wireOf]?: Wire | undefined;
}

type Done = (error?: Error | null) => void;

function writeParts(socket: Socket, parts: readonly (string | Uint8Array)[], text: string, done?: Done): void {
  const last = text === '' ? parts.length - 1 : -1;
  socket.cork();
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    if (typeof part === 'string') socket.write(part, 'latin1', index === last ? done : undefined);
    else socket.write(part, index === last ? done : undefined);
  }
  if (text !== '') socket.write(text, 'latin1', done);
  socket.uncork();
}

// One function for all sockets: five closures a connection would be half a kilobyte of it.

/** Takes the place of the stream's own `push`; what comes while reading is paused, or after such bytes, takes its way. */
function onPush(this: WiredSocket, chunk: Uint8Array | null): boolean {
  const wire = this[wireOf];
  if (wire === undefined || chunk === null || this.readableFlowing !== true || this.readableLength > 0) {
    return Socket.prototype.push.call(this, chunk);
  }
  wire.received(chunk);
  return true;
}

function onData(this: WiredSocket, chunk: Uint8Array): void {
  this[wireOf]?.received(chunk);
}

function onEnd(this: WiredSocket): void {
  this[wireOf]?.ended();
}

function onError(this: WiredSocket, error: Error): void {
  this[wireOf]?.failed(error);
}

function onClose(this: WiredSocket): void {
  this[wireOf]?.closed();
}

function onDrain(this: WiredSocket): void {
  this[wireOf]?.drained();
}

/** What is to be flushed at the end of this turn. Shared, since the point is to do it for all wires at once. */
let dirty: Wire[] = [];

function flushLater(wire: Wire): void {
  if (dirty.length === 0) setImmediate(flushAll);
  dirty.push(wire);
}

function flushAll(): void {
  const wires = dirty;
  dirty = [];
  for (const wire of wires) wire.flushScheduled();
}
