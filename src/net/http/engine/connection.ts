import type { Socket } from 'node:net';
import type { StatusError } from '../../../errors/index.ts';
import { remoteAddressOf } from '../../tcp/index.ts';
import { Wire, type WireHandler } from '../../tcp/wire.ts';
import { HttpErrors } from '../http-errors.ts';
import { Deadline, type DeadlineOwner } from './deadline.ts';
import type { ExchangeListener, Upgraded } from './exchange.ts';
import type { Http1Engine } from './http1-engine.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { refusalOf, refusalText } from './refusal.ts';
import { callAnswered, RequestBody } from './request-body.ts';
import { parserEvent, type RequestParser } from './request-parser.ts';

/** Requests of one connection that may be worked on at a time; more wait in the kernel's buffer. */
const maxPipelined = 32;
/**
 * What one connection may do in one turn of the event loop before the others have theirs: pieces of content, or requests,
 * each of which counts as 32. Without it a client that sends thousands of requests, or chunks of one byte, in one go would
 * have the processor for as long as they last.
 */
const maxPerTurn = 512;
const perRequest = 32;
/** Marks who waits for the next turn. */
const hasYielded = 2 ** 30;
/** How much of what is still coming, and how long, is read before a connection closes, so that the client gets to read why. */
const lingerBytes = 16 * 1024 * 1024;
const lingerMs = 1000;

/** What the connection is waiting for; each has its time limit. */
type Wait = 'request' | 'head' | 'body' | 'work' | 'send' | 'linger';

/**
 * One connection: bytes in, exchanges out, answers back in order.
 *
 * ```
 *          bytes                head                          last answer
 *  request ─────▶ head (parser) ─────▶ work (exchanges first…last) ─────▶ request
 *     │ keepAliveMs  │ headersTimeoutMs     │ body: requestTimeoutMs            close: said, then linger or at once
 *     ▼              ▼ 408                  ▼ send: sendTimeoutMs
 * ```
 *
 * All of it is one machine: what may be read, answered or closed depends on the same few fields, so that it stays one class
 * (`Deadline`, `RequestBody`, `Http1Exchange` and the parser are what could be taken out).
 *
 * An idle one has no parser, no timer of its own but the wheel's, and nothing buffered: about 0.5 KiB beside its socket
 * (`npm run bench -- http-memory`).
 */
export class Connection implements WireHandler, DeadlineOwner<Wait> {
  readonly wire: Wire;
  readonly engine: Http1Engine;
  isClosed: boolean;
  /** The oldest exchange that is not answered, and the newest. */
  first: Http1Exchange | undefined;
  last: Http1Exchange | undefined;
  private parser: RequestParser | undefined;
  private pending: number;
  private served: number;
  /** Its request is still arriving. */
  private receiving: Http1Exchange | undefined;
  /** Parsed, but not to be worked on before those before it are answered. */
  private held: Http1Exchange | undefined;
  /** No request is read after those that are there. */
  private isEnding: boolean;
  private isLingering: boolean;
  private isParsing: boolean;
  private isPaused: boolean;
  private isUpgraded: boolean;
  private lingered: number;
  /** What to answer when the others are answered: what came after them is not HTTP. */
  private refusal: StatusError | undefined;
  private now: number;
  private readonly deadline: Deadline<Wait>;
  private lastTakenBytes: number;
  private address: string | undefined;
  /** The turn in which it did something last, and how much. */
  private turn: number;
  private spent: number;

  constructor(engine: Http1Engine, socket: Socket) {
    this.engine = engine;
    this.isClosed = false;
    this.first = undefined;
    this.last = undefined;
    this.parser = undefined;
    this.pending = 0;
    this.served = 0;
    this.receiving = undefined;
    this.held = undefined;
    this.isEnding = false;
    this.isLingering = false;
    this.isParsing = false;
    this.isPaused = false;
    this.isUpgraded = false;
    this.lingered = 0;
    this.refusal = undefined;
    this.now = engine.options.clock.now();
    this.deadline = new Deadline(engine.options.clock, this, 'request');
    this.lastTakenBytes = 0;
    this.address = undefined;
    this.turn = -1;
    this.spent = 0;
    this.wire = new Wire(socket, this);
  }

  start(): void {
    this.deadline.set('request', this.now + this.engine.options.headersTimeoutMs);
    this.wire.start();
  }

  get remoteAddress(): string {
    this.address ??= remoteAddressOf(this.wire.socket)?.host ?? '';
    return this.address;
  }

  /** Nothing has come of a request, and none is unanswered. */
  get isIdle(): boolean {
    return this.pending === 0 && this.parser === undefined && !this.isLingering && !this.isUpgraded;
  }

  onBytes(chunk: Uint8Array): void {
    if (this.isLingering) {
      this.lingered += chunk.length;
      if (this.lingered > lingerBytes) this.wire.destroy();
      return;
    }
    if (this.isEnding && this.receiving === undefined) return;
    this.now = this.engine.options.clock.now();
    if (this.parser === undefined) this.parser = this.engine.takeParser();
    this.parser.push(chunk);
    this.advance();
  }

  onEnd(): void {
    if (this.isClosed || this.isUpgraded) return;
    // A client that sends no more reads no more either, as far as anyone can tell: its work is canceled.
    this.isEnding = true;
    this.cutAll();
    this.closeNow();
  }

  onDrain(): void {
    this.first?.writer?.wake();
    this.goOn();
  }

  onClose(): void {
    this.isClosed = true;
    this.deadline.stop();
    this.dropParser();
    this.cutAll();
    this.engine.closed(this);
  }

  /** The head of an answer up to its length, after it was decided whether it is the last of the connection. */
  replyHead(exchange: Http1Exchange, status: number, headers: readonly string[]): string {
    if (!this.isParsing) this.now = this.engine.options.clock.now();
    const isNewest = exchange.next === undefined && this.held === undefined;
    if (isNewest && (this.engine.isLeaving || this.isEnding)) exchange.isLast = true;
    if (exchange.isLast) this.isEnding = true;
    return this.engine.heads.make(status, headers, exchange.isLast, this.now);
  }

  /** An answer is written: those behind it that were waiting for their turn follow. */
  answered(exchange: Http1Exchange): void {
    if (exchange !== this.first) return;
    let done: Http1Exchange | undefined = exchange;
    while (done?.isAnswered === true) {
      this.pending--;
      const next: Http1Exchange | undefined = done.next;
      done.next = undefined;
      this.first = next;
      if (next === undefined) this.last = undefined;
      if (done.isLast) {
        this.closeAfterAnswer(done);
        return;
      }
      done = next;
      if (next !== undefined) this.takeTurn(next);
    }
    if (!this.isParsing) this.goOn();
  }

  upgrade(head: string, listener: ExchangeListener | undefined): Upgraded {
    const rest = this.parser?.rest() ?? new Uint8Array(0);
    this.isUpgraded = true;
    this.deadline.stop();
    this.dropParser();
    this.wire.write(head);
    const socket = this.wire.release();
    this.engine.upgraded(this, socket, listener);
    return { socket, rest };
  }

  /** The engine leaves and its grace is over. */
  closeIfIdle(): void {
    if (this.isIdle) this.closeNow();
    // What is still to come belongs to a request that has its answer.
    else if (this.pending === 0 && this.receiving !== undefined) this.linger();
  }

  /** More is written than the client takes: it gets `sendTimeoutMs` for each part that the kernel has no room for. */
  onBlocked(): void {
    if (this.deadline.wait !== 'send' && !this.isLingering)
      this.awaitSend(this.engine.options.clock.now() + this.engine.options.sendTimeoutMs);
  }

  private takeTurn(exchange: Http1Exchange): void {
    const { queued } = exchange;
    exchange.queued = undefined;
    if (queued !== undefined) for (const data of queued) this.wire.write(data);
    exchange.writer?.wake();
  }

  /** The same when no bytes came: it may be long since some did. */
  goOn(): void {
    if (this.isParsing || this.isClosed) return;
    this.now = this.engine.options.clock.now();
    this.advance();
  }

  private advance(): void {
    if (this.isParsing || this.isClosed || this.isUpgraded || this.isLingering) return;
    this.isParsing = true;
    try {
      while (this.step());
    } finally {
      this.isParsing = false;
    }
    if (this.isClosed || this.isUpgraded || this.isLingering) return;
    this.refuseIfBroken();
    this.adjustFlow();
    this.adjustDeadline();
  }

  /** One event of the parser; false if there is none, or it is not to be looked at now. */
  private step(): boolean {
    if (this.held !== undefined) {
      if (this.pending > 1) return false;
      this.work(this.held);
      return true;
    }
    const { parser } = this;
    if (parser === undefined || this.isBlocked() || !this.mayGoOn()) return false;
    switch (parser.next()) {
      case parserEvent.head:
        this.onHead(parser);
        return !this.isUpgraded && (!this.isEnding || this.receiving !== undefined);
      case parserEvent.body:
        this.spent++;
        this.receiving?.receiver?.push(parser.body);
        return true;
      case parserEvent.end:
        this.onRequestEnd(parser);
        return !this.isEnding;
      case parserEvent.failed:
        this.onFailure(refusalOf(parser.failure));
        return false;
      default:
        if (parser.isIdle) this.dropParser();
        return false;
    }
  }

  /** False: it has had its part of this turn, and goes on in the next. */
  private mayGoOn(): boolean {
    const { engine } = this;
    if (this.turn !== engine.turn) {
      this.turn = engine.turn;
      this.spent = 0;
      engine.noteTurn();
    }
    if (this.spent < maxPerTurn) return true;
    // Once: the sum tells those that come again in this turn.
    if (this.spent !== hasYielded) engine.yielded(this);
    this.spent = hasYielded;
    return false;
  }

  private isBlocked(): boolean {
    const { receiving, last, wire } = this;
    if (receiving !== undefined) return receiving.receiver?.isFull === true;
    if (wire.isFull) return true;
    // RFC 9112, section 9.3.2: only safe methods may be worked on side by side.
    return last !== undefined && (this.pending >= maxPipelined || !isSafe(last));
  }

  private onHead(parser: RequestParser): void {
    const { head } = parser;
    const exchange = new Http1Exchange(this, head, this.now);
    if (this.last === undefined) this.first = exchange;
    else this.last.next = exchange;
    this.last = exchange;
    this.pending++;
    this.served++;
    this.spent += perRequest;
    this.deadline.wait = 'work';
    const { maxRequestsPerConnection } = this.engine.options;
    if (!head.keepAlive || this.served === maxRequestsPerConnection) exchange.isLast = true;
    if (exchange.isLast) this.isEnding = true;
    this.expectBody(parser, exchange);
    if (this.pending > 1 && !isSafe(exchange)) this.held = exchange;
    else this.work(exchange);
  }

  /** A body that came with the head is there before the work begins, so that nobody has to wait for it. */
  private expectBody(parser: RequestParser, exchange: Http1Exchange): void {
    const { contentLength, expectsContinue } = exchange.head;
    if (contentLength === 0) {
      parser.next();
      exchange.isComplete = true;
      return;
    }
    if (contentLength !== undefined && contentLength <= parser.available) {
      parser.next();
      exchange.arrived = parser.body;
      parser.next();
      exchange.isComplete = true;
      return;
    }
    exchange.awaitsContinue = expectsContinue;
    exchange.receiver = new RequestBody(() => queueMicrotask(() => this.goOn()));
    this.receiving = exchange;
  }

  private work(exchange: Http1Exchange): void {
    this.held = undefined;
    const refusal = exchange.head.hasUnknownExpectation
      ? HttpErrors.UNSUPPORTED_EXPECTATION('the only expectation that is met is 100-continue')
      : undefined;
    if (refusal === undefined) this.engine.options.onExchange(exchange);
    else {
      exchange.reject(refusal);
      this.engine.options.onRefused(refusal);
    }
  }

  private onRequestEnd(parser: RequestParser): void {
    const exchange = this.receiving;
    this.receiving = undefined;
    if (exchange === undefined) return;
    exchange.isComplete = true;
    exchange.receivedTrailers = parser.trailers?.headers();
    exchange.receiver?.complete();
  }

  /** What came is not HTTP, or did not come in time. */
  private onFailure(error: StatusError): void {
    const exchange = this.receiving;
    this.isEnding = true;
    this.receiving = undefined;
    this.dropParser();
    if (exchange === undefined) {
      this.refusal = error;
      return;
    }
    this.engine.options.onRefused(error);
    // The broken bytes are in the body of this request, which may have its answer already.
    if (exchange.isAnswering) {
      exchange.cut(error);
      this.wire.destroy();
    } else {
      exchange.reject(error);
    }
  }

  private refuseIfBroken(): void {
    const { refusal } = this;
    if (refusal === undefined || this.pending > 0) return;
    this.refusal = undefined;
    this.engine.options.onRefused(refusal);
    this.wire.write(refusalText(refusal));
    this.linger();
  }

  private closeAfterAnswer(exchange: Http1Exchange): void {
    this.isEnding = true;
    // A handler that the call did not wait for may still read, and would wait for ever.
    exchange.receiver?.fail(callAnswered());
    this.cutAll();
    const isAllRead = exchange.isComplete && (this.parser === undefined || this.parser.isIdle);
    // A client that did not ask for the end may have sent another request by now.
    if (isAllRead && !exchange.head.keepAlive) this.closeNow();
    else this.linger();
  }

  /** Sends FIN, but reads on for a while: closed at once, what the client still sends would reset the connection and take the answer with it. */
  private linger(): void {
    if (this.isClosed || this.isLingering) return;
    this.isLingering = true;
    this.isEnding = true;
    this.dropParser();
    this.wire.end();
    this.resume();
    this.deadline.set('linger', this.engine.options.clock.now() + lingerMs);
  }

  private closeNow(): void {
    if (this.isClosed) return;
    this.isLingering = true;
    this.dropParser();
    this.wire.close();
    if (!this.isClosed) this.awaitSend(this.engine.options.clock.now() + this.engine.options.sendTimeoutMs);
  }

  private cutAll(): void {
    let exchange = this.first;
    this.first = undefined;
    this.last = undefined;
    this.held = undefined;
    this.receiving = undefined;
    this.pending = 0;
    while (exchange !== undefined) {
      const { next } = exchange;
      exchange.cut();
      exchange = next;
    }
  }

  private dropParser(): void {
    const { parser } = this;
    if (parser === undefined) return;
    this.parser = undefined;
    this.engine.giveParser(parser);
  }

  /** Reads on only where what comes can be taken. */
  private adjustFlow(): void {
    const isWaiting = this.spent === hasYielded && this.turn === this.engine.turn;
    const isBlocked = this.parser !== undefined && (isWaiting || this.held !== undefined || this.isBlocked());
    if (!isBlocked) this.resume();
    else if (!this.isPaused) {
      this.isPaused = true;
      this.wire.pause();
    }
  }

  private resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.wire.resume();
  }

  private adjustDeadline(): void {
    const { headersTimeoutMs, requestTimeoutMs, sendTimeoutMs } = this.engine.options;
    if (this.isIdle && this.engine.isGraceOver) this.closeNow();
    else if (this.wire.unsentBytes > 0 || this.wire.isFull) {
      // Whatever else comes from a client does not give it more time to take what it asked for.
      if (this.deadline.wait !== 'send') this.awaitSend(this.now + sendTimeoutMs);
    } else if (this.receiving !== undefined && requestTimeoutMs > 0)
      this.deadline.set('body', this.receiving.startedAt + requestTimeoutMs);
    else if (this.pending > 0) this.deadline.set('work', Number.POSITIVE_INFINITY);
    else if (this.parser === undefined) this.deadline.set('request', this.now + this.engine.idleMs);
    else if (this.deadline.wait !== 'head') this.deadline.set('head', this.now + headersTimeoutMs);
  }

  private awaitSend(deadline: number): void {
    this.lastTakenBytes = this.wire.takenBytes;
    this.deadline.set('send', deadline);
  }

  onDeadline(wait: Wait, now: number): void {
    this.now = now;
    switch (wait) {
      case 'request':
        if (this.wire.pendingBytes > 0) this.awaitSend(now + this.engine.options.sendTimeoutMs);
        else this.closeNow();
        return;
      case 'head':
      case 'body':
        this.onFailure(HttpErrors.REQUEST_TIMEOUT('the request did not arrive in time'));
        this.refuseIfBroken();
        return;
      case 'linger':
        // Not before the client has what it lingers for.
        if (this.wire.pendingBytes > 0) this.awaitSend(now + this.engine.options.sendTimeoutMs);
        else this.wire.destroy();
        return;
      case 'send':
        this.onSendTimeout();
        return;
      default:
        this.wire.destroy();
    }
  }

  private onSendTimeout(): void {
    const { pendingBytes, takenBytes } = this.wire;
    if (pendingBytes === 0 && !this.isLingering) {
      this.deadline.wait = 'work';
      this.adjustDeadline();
    } else if (pendingBytes > 0 && takenBytes !== this.lastTakenBytes) {
      this.awaitSend(this.now + this.engine.options.sendTimeoutMs);
    } else this.wire.destroy();
  }
}

function isSafe({ method, head }: Http1Exchange): boolean {
  return (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') && !head.upgrade;
}
