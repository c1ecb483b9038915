import type { Socket } from 'node:net';
import type { Context, Timer } from '../../../concurrency/index.ts';
import { HttpErrors } from '../http-errors.ts';
import { Connection } from './connection.ts';
import type { Engine, EngineOptions, ExchangeListener } from './exchange.ts';
import { keptMs } from './idle-time.ts';
import { refusalText } from './refusal.ts';
import { ReplyHeads } from './reply-lines.ts';
import { RequestParser } from './request-parser.ts';

/** Parsers that wait for work; more than this many requests rarely arrive in pieces at the same time. */
const maxSpareParsers = 64;
/** How long a connection that was refused stays open for the client to read why. */
const lingerMs = 1000;

/** Our own HTTP/1.1 (RFC 9112) on sockets that come from elsewhere. */
export function http1Engine(options: EngineOptions): Engine {
  return new Http1Engine(options);
}

export class Http1Engine implements Engine {
  readonly options: EngineOptions;
  readonly heads: ReplyHeads;
  isLeaving = false;
  /** Idle connections are kept no longer. */
  isGraceOver = false;
  /** Of the event loop, as far as connections did anything in them. */
  turn = 0;
  readonly #connections = new Set<Connection>();
  /** Connections that speak another protocol by now. */
  /** How long a connection may be idle. */
  readonly idleMs: number;
  readonly #upgraded = new Set<Socket>();
  readonly #spare: RequestParser[] = [];
  /** Connections that have had their part of this turn and have more to do. */
  #yielded: Connection[] = [];
  #isTurnNoted = false;
  /** When it began to leave, by the clock. */
  #leftAt: number | undefined;
  #graceMs = 0;
  #isDraining = false;
  #grace: Timer | undefined;
  readonly #emptied = Promise.withResolvers<void>();

  constructor(options: EngineOptions) {
    this.options = options;
    const { keepAliveMs } = options;
    this.heads = new ReplyHeads(keepAliveMs);
    this.idleMs = keptMs(keepAliveMs);
  }

  handle(socket: Socket): void {
    if (this.#connections.size + this.#upgraded.size >= this.options.maxConnections) {
      this.#refuse(socket);
      return;
    }
    const connection = new Connection(this, socket);
    this.#connections.add(connection);
    connection.start();
  }

  leave(graceMs: number): void {
    this.isLeaving = true;
    this.#leftAt ??= this.options.clock.now();
    this.#graceMs = graceMs;
    if (this.#isDraining) this.#awaitGrace();
  }

  async drain(ctx: Context): Promise<void> {
    this.#isDraining = true;
    this.#awaitGrace();
    const stop = ctx.onDone(() => this.destroy());
    this.#checkEmpty();
    await this.#emptied.promise;
    stop();
    this.#grace?.stop();
  }

  destroy(): void {
    for (const connection of [...this.#connections]) connection.wire.destroy();
    for (const socket of [...this.#upgraded]) socket.destroy();
  }

  /** @internal */
  closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#checkEmpty();
  }

  /** @internal */
  upgraded(connection: Connection, socket: Socket, listener: ExchangeListener | undefined): void {
    this.#connections.delete(connection);
    this.#upgraded.add(socket);
    (socket as UpgradedSocket)[upgradeOf] = { engine: this, listener };
    // Who takes it may not listen yet, or not any more, when the client resets it; unheard, that would end the process.
    socket.on('error', ignore).on('close', onUpgradedClose);
  }

  /** @internal */
  upgradedClosed(socket: Socket): void {
    this.#upgraded.delete(socket);
    this.#checkEmpty();
  }

  /** @internal Something is done in this turn. */
  noteTurn(): void {
    if (this.#isTurnNoted) return;
    this.#isTurnNoted = true;
    setImmediate(() => this.#endTurn());
  }

  /** @internal To go on in the next turn. */
  yielded(connection: Connection): void {
    this.#yielded.push(connection);
  }

  /** @internal */
  takeParser(): RequestParser {
    return this.#spare.pop() ?? new RequestParser(parserLimits(this.options));
  }

  /** @internal */
  giveParser(parser: RequestParser): void {
    if (this.#spare.length >= maxSpareParsers) return;
    parser.reset();
    this.#spare.push(parser);
  }

  #checkEmpty(): void {
    if (this.#isDraining && this.#connections.size + this.#upgraded.size === 0) this.#emptied.resolve();
  }

  #endTurn(): void {
    this.#isTurnNoted = false;
    this.turn++;
    if (this.#yielded.length === 0) return;
    const yielded = this.#yielded;
    this.#yielded = [];
    for (const connection of yielded) connection.goOn();
  }

  #awaitGrace(): void {
    const { clock } = this.options;
    this.#grace?.stop();
    const leftMs = (this.#leftAt ?? clock.now()) + this.#graceMs - clock.now();
    if (leftMs <= 0) this.#endGrace();
    else if (this.#connections.size > 0) this.#grace = clock.after(leftMs, () => this.#endGrace());
  }

  #endGrace(): void {
    this.isGraceOver = true;
    for (const connection of [...this.#connections]) connection.closeIfIdle();
  }

  #refuse(socket: Socket): void {
    const error = HttpErrors.TOO_MANY_CONNECTIONS('the server has as many connections as it can serve');
    this.options.onRefused(error);
    socket.on('error', () => {});
    socket.end(refusalText(error), 'latin1');
    const timer = this.options.clock.after(lingerMs, () => socket.destroy());
    socket.once('close', () => timer.stop());
    socket.resume();
  }
}

function parserLimits({ maxHeaderBytes, maxHeaders }: EngineOptions) {
  return { maxHeaderBytes, maxHeaders, maxChunkExtensionBytes: 1024, maxTrailerBytes: maxHeaderBytes };
}

const upgradeOf = Symbol('flotilla.upgrade');

interface UpgradedSocket extends Socket {
  [upgradeOf]?: { readonly engine: Http1Engine; readonly listener: ExchangeListener | undefined };
}

// One function for all: closures of its own would be a tenth of what an idle WebSocket takes.
function onUpgradedClose(this: UpgradedSocket): void {
  const upgrade = this[upgradeOf];
  upgrade?.engine.upgradedClosed(this);
  upgrade?.listener?.onAbort();
}

function ignore(): void {}
