import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';

/** A process that takes connections. */
export interface Taker {
  give(id: number, service: string, name: string, socket: Socket, onError: () => void): void;
}

export interface DoorOptions {
  readonly service: string;
  /** 0: any free one. */
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly clock: Clock;
  /** Numbers the connections, across all doors of a process. */
  readonly nextId: () => number;
  /** How many connections may wait, for a taker or to be accepted. Beyond, a connection is answered 503. Default: 4096. */
  readonly maxWaiting?: number;
  /** How long one waits for a taker. Default: 10,000 ms. */
  readonly maxWaitMs?: number;
}

interface Visitor {
  readonly id: number;
  readonly socket: Socket;
  /** Undefined while it waits. */
  taker: Taker | undefined;
  /** Runs only while it waits. */
  timer: Timer | undefined;
  tries: number;
}

/** A connection that so many processes did not live to accept is not given to another. */
const maxTries = 3;
const name = 'http';

/**
 * A public port. It belongs to the supervisor and outlives the processes behind it: a connection is handed to one of
 * them, in turn, unread, and is let go here when that process has accepted it. While there is none, connections wait;
 * one that was given to a process that died before accepting it goes to another.
 */
export class Door {
  readonly #options: Required<DoorOptions>;
  readonly #server: Server;
  readonly #takers: Taker[] = [];
  readonly #visitors = new Map<number, Visitor>();
  #port = 0;
  #turn = 0;

  constructor(options: DoorOptions) {
    this.#options = { host: '127.0.0.1', maxWaiting: 4096, maxWaitMs: 10_000, ...options };
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#visit(socket));
  }

  get service(): string {
    return this.#options.service;
  }

  /** Where clients find it: the real port once it listens, the wanted one before. */
  get address(): { readonly host: string; readonly port: number } {
    return { host: this.#options.host, port: this.#port || this.#options.port };
  }

  /** Rejects with Node's error (`EADDRINUSE`, `EACCES`); may be called again then. */
  listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => {
        // It may be tried again every second for days.
        this.#server.off('listening', opened);
        reject(error);
      };
      const opened = () => {
        this.#server.off('error', failed);
        this.#server.on('error', () => {});
        const address = this.#server.address();
        this.#port = typeof address === 'object' && address !== null ? address.port : port;
        resolve();
      };
      this.#server.once('error', failed).once('listening', opened).listen({ host, port, backlog: 1024 });
    });
  }

  /** Gives it its share of the connections from now on, the waiting ones first. */
  attach(taker: Taker): void {
    if (this.#takers.includes(taker)) return;
    this.#takers.push(taker);
    for (const visitor of this.#visitors.values()) {
      if (visitor.taker === undefined) this.#give(visitor);
    }
  }

  /** Gives it no more. What it was given it still accepts. */
  detach(taker: Taker): void {
    const index = this.#takers.indexOf(taker);
    if (index >= 0) this.#takers.splice(index, 1);
  }

  /** It is gone: what it did not accept goes to another. */
  lost(taker: Taker): void {
    this.detach(taker);
    for (const visitor of this.#visitors.values()) {
      if (visitor.taker === taker) this.#giveAgain(visitor);
    }
  }

  /** The connection belongs to its process now; this copy of the socket is closed. */
  accepted(id: number): void {
    const visitor = this.#visitors.get(id);
    if (visitor === undefined) return;
    this.#forget(visitor);
    visitor.socket.destroy();
  }

  /** Accepts no more, and answers 503 to those that still wait. Those that were handed over live on. */
  close(): void {
    this.#server.close();
    for (const visitor of this.#visitors.values()) {
      if (visitor.taker === undefined) this.#refuse(visitor, `${this.service} is shutting down`);
    }
  }

  #visit(socket: Socket): void {
    socket.on('error', () => {});
    const id = this.#options.nextId();
    const visitor: Visitor = { id, socket, timer: undefined, taker: undefined, tries: 0 };
    this.#visitors.set(id, visitor);
    if (this.#visitors.size <= this.#options.maxWaiting) this.#give(visitor);
    else this.#refuse(visitor, `${this.service} has too many waiting connections`);
  }

  #give(visitor: Visitor): void {
    const taker = this.#takers[this.#turn++ % Math.max(1, this.#takers.length)];
    if (taker === undefined) {
      const { clock, maxWaitMs } = this.#options;
      visitor.timer ??= clock.after(maxWaitMs, () => this.#waitedEnough(visitor));
      return;
    }
    visitor.timer?.stop();
    visitor.timer = undefined;
    visitor.taker = taker;
    visitor.tries++;
    taker.give(visitor.id, this.service, name, visitor.socket, () => {
      // Only this one was not sent: what went before it may still be accepted, until the process is gone.
      this.detach(taker);
      if (visitor.taker === taker && this.#visitors.has(visitor.id)) this.#giveAgain(visitor);
    });
  }

  #giveAgain(visitor: Visitor): void {
    visitor.taker = undefined;
    if (visitor.tries >= maxTries)
      this.#refuse(visitor, `${this.service} failed ${maxTries} times to accept the connection`);
    else this.#give(visitor);
  }

  #waitedEnough(visitor: Visitor): void {
    const { maxWaitMs } = this.#options;
    this.#refuse(visitor, `${this.service} is not running: it did not take the connection within ${maxWaitMs} ms`);
  }

  #refuse(visitor: Visitor, message: string): void {
    this.#forget(visitor);
    const { socket } = visitor;
    socket.end(unavailable(message));
    // Unread bytes at close would reset the connection and take the answer with them.
    socket.resume();
    const timer = this.#options.clock.after(refusalMs, () => socket.destroy());
    socket.once('close', () => timer.stop());
  }

  #forget(visitor: Visitor): void {
    visitor.timer?.stop();
    this.#visitors.delete(visitor.id);
  }
}

const refusalMs = 1000;

/** The whole answer, in the one error shape; nothing of the request has been read. */
function unavailable(message: string): string {
  const error = new errors.StatusError('unavailable', message, { reason: 'SERVICE_RESTARTING' });
  const body = JSON.stringify(errors.toBody(error));
  return [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Retry-After: 1',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
