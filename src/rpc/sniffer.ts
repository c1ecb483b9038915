import type { Socket } from 'node:net';
import type { Clock } from '../concurrency/index.ts';

/** RFC 9113, section 3.4: how every HTTP/2 connection starts. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** What the first bytes say. */
export type Sniffed = 'http2' | 'http1' | 'more';

/** Decides on the first bytes of a connection; 'more' while they could still become the HTTP/2 preface. */
export function sniff(bytes: Uint8Array): Sniffed {
  const length = Math.min(bytes.length, preface.length);
  if (!preface.subarray(0, length).equals(bytes.subarray(0, length))) return 'http1';
  return length === preface.length ? 'http2' : 'more';
}

export interface SnifferOptions {
  readonly clock: Clock;
  /** A connection that stays silent for so long is closed. */
  readonly timeoutMs: number;
  /** Connections of both kinds and undecided ones; further ones are closed at once. */
  readonly maxConnections: number;
  readonly onHttp1: (socket: Socket) => void;
  readonly onHttp2: (socket: Socket) => void;
}

/** Waits for each connection's first bytes and hands it, with the bytes back in its buffer, to who speaks its protocol. */
export class Sniffer {
  readonly #options: SnifferOptions;
  /** Undecided connections, with what ends the waiting. */
  readonly #waiting = new Map<Socket, () => void>();
  #connections = 0;

  constructor(options: SnifferOptions) {
    this.#options = options;
  }

  /** Connections that have not said what they speak. */
  get pending(): number {
    return this.#waiting.size;
  }

  accept(socket: Socket): void {
    if (this.#connections >= this.#options.maxConnections) {
      socket.destroy();
      return;
    }
    this.#connections++;
    socket.once('close', () => {
      this.#connections--;
      this.#waiting.get(socket)?.();
    });
    this.#wait(socket);
  }

  /** Closes the undecided connections. */
  close(): void {
    for (const socket of [...this.#waiting.keys()]) socket.destroy();
  }

  #wait(socket: Socket): void {
    const { clock, timeoutMs, onHttp1, onHttp2 } = this.#options;
    let seen: Buffer = Buffer.alloc(0);
    const timer = clock.after(timeoutMs, () => socket.destroy());
    const read = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const kind = sniff(seen);
      if (kind === 'more') return;
      leave();
      socket.unshift(seen);
      (kind === 'http2' ? onHttp2 : onHttp1)(socket);
    };
    const leave = () => {
      timer.stop();
      this.#waiting.delete(socket);
      socket.off('readable', read);
      socket.off('error', ignore);
    };
    socket.on('readable', read);
    socket.on('error', ignore);
    this.#waiting.set(socket, leave);
  }
}

const ignore = () => {};
