import { connect, type Socket } from 'node:net';

/** What one connection of an attack does once it is open. It stops when the socket has closed. */
export type Deed = (socket: Socket, line: Line) => void;

export interface AttackOptions {
  readonly port: number;
  /** Connections at a time; one that the server closes is replaced. */
  readonly connections: number;
  /** New connections in a second, at most. */
  readonly perSecond: number;
  readonly deed: Deed;
  /** Of what is poured, all connections together; what comes slowly does not count. Default: 12,500,000 (100 Mbit/s). */
  readonly bytesPerSecond?: number;
}

const tickMs = 10;

/** Attackers of one kind. They read nothing that their deed does not read. */
export class Attackers {
  /** Connections that were opened, and those of them that the server has closed. */
  opened = 0;
  closedByServer = 0;
  readonly #options: AttackOptions;
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  readonly #line: Line;
  #due = 1;
  #change = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(options: AttackOptions) {
    this.#options = options;
    this.#line = new Line(options.bytesPerSecond ?? 12_500_000);
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Resolves when so much has happened. */
  async until(holds: (attackers: Attackers) => boolean): Promise<void> {
    while (!holds(this)) await this.#change.promise;
  }

  /** Resets what is open. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#line.stop();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #tick(): void {
    const { connections, perSecond } = this.#options;
    this.#due = Math.min(this.#due + (perSecond * tickMs) / 1000, Math.max(1, perSecond / 10));
    while (this.#due >= 1 && this.#sockets.size < connections) {
      this.#due--;
      this.#open();
    }
  }

  #open(): void {
    const { port, deed } = this.#options;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.#sockets.add(socket);
    let isOwn = false;
    socket.once('connect', () => {
      this.opened++;
      deed(socket, this.#line);
      this.#note();
    });
    socket.on('error', () => {});
    // The server ends it, though it was never read: an attacker that does not read would not see that.
    socket.once('end', () => socket.destroy());
    const { resetAndDestroy } = socket;
    socket.resetAndDestroy = () => {
      isOwn = true;
      return resetAndDestroy.call(socket);
    };
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (!isOwn && !this.#isStopped) this.closedByServer++;
      this.#note();
    });
  }

  #note(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

/** Sends the text now, and a piece in every interval. */
export function drip(first: string, piece: string, everyMs: number): Deed {
  return (socket) => {
    socket.resume();
    socket.write(first, 'latin1');
    const timer = setInterval(() => socket.write(piece, 'latin1'), everyMs);
    socket.once('close', () => clearInterval(timer));
  };
}

/** Sends the text, then the piece for ever, as fast as it is taken and the line allows, or at most so many times. */
export function pour(first: string, piece: string, times = Number.POSITIVE_INFINITY): Deed {
  return (socket, line) => {
    socket.resume();
    pourInto(socket, line, first, piece, times);
  };
}

/** The same, but never reads an answer. */
export function pourUnread(first: string, piece: string, times = Number.POSITIVE_INFINITY): Deed {
  return (socket, line) => {
    socket.pause();
    pourInto(socket, line, first, piece, times);
  };
}

function pourInto(socket: Socket, line: Line, first: string, piece: string, times: number): void {
  let left = times;
  if (first !== '') socket.write(first, 'latin1');
  const more = () => {
    if (left-- <= 0 || socket.destroyed) return;
    if (socket.write(piece, 'latin1')) line.send(piece.length, more);
    else socket.once('drain', () => line.send(piece.length, more));
  };
  more();
}

/** What all attackers have together to reach the server: on one machine they would else have a memory bus. */
export class Line {
  readonly #bytesPerTick: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  readonly #timer: NodeJS.Timeout;
  #left = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerTick = (bytesPerSecond * tickMs) / 1000;
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Calls `go` when there is room for so many bytes; in order. */
  send(bytes: number, go: () => void): void {
    this.#waiting.push({ bytes, go });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    this.#left = Math.min(this.#left + this.#bytesPerTick, 2 * this.#bytesPerTick);
    let due = 0;
    while (due < this.#waiting.length && this.#left > 0) this.#left -= this.#waiting[due++]!.bytes;
    for (const { go } of this.#waiting.splice(0, due)) go();
  }
}
