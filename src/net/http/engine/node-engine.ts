import {
  createServer,
  type IncomingMessage,
  type Server as NodeServer,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Context, Timer } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';
import { errorReply } from '../reply/error-reply.ts';
import type { Engine, EngineOptions } from './exchange.ts';
import { NodeExchange } from './node-exchange.ts';

/** How long a connection that was refused stays open for the client to read why. */
const lingerMs = 1000;

/** The methods that routes may have. */
const allow = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT';

/**
 * node:http as the engine, on sockets that come from elsewhere. All of node:http that the server uses is in this file and
 * in `node-exchange.ts`.
 */
export function nodeEngine(options: EngineOptions): Engine {
  return new NodeEngine(options);
}

interface Connection {
  /** Requests that have not been answered completely, oldest first. */
  readonly open: Set<NodeExchange>;
  /** The newest of all. */
  last: NodeExchange | undefined;
  /** What it sent is not HTTP: nothing more is read from it. */
  isBroken: boolean;
  /** How much had come when the last request was answered: if no more has, the connection is idle. */
  bytesRead: number;
}

class NodeEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #server: NodeServer;
  readonly #connections = new Map<Socket, Connection>();
  /** When it began to leave, by the clock. */
  #leftAt: number | undefined;
  #graceMs = 0;
  #isDraining = false;
  #isGraceOver = false;
  #grace: Timer | undefined;
  readonly #emptied = Promise.withResolvers<void>();

  constructor(options: EngineOptions) {
    this.#options = options;
    const { headersTimeoutMs, requestTimeoutMs } = options;
    const shortest = Math.min(...[headersTimeoutMs, requestTimeoutMs, 2000].filter((ms) => ms > 0));
    this.#server = createServer({
      maxHeaderSize: options.maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.ceil(shortest / 2),
      keepAliveTimeout: options.keepAliveMs,
      joinDuplicateHeaders: true,
      // A missing Host is refused by the server, in the one error shape.
      requireHostHeader: false,
    });
    // One more than the limit, so that the server sees that there were too many; node would drop them silently.
    this.#server.maxHeadersCount = options.maxHeaders + 1;
    this.#server.timeout = options.sendTimeoutMs;
    this.#server.on('request', (req, res) => this.#onRequest(req, res, false));
    this.#server.on('checkContinue', (req, res) => this.#onRequest(req, res, true));
    this.#server.on('checkExpectation', (req, res) =>
      this.#onRequest(
        req,
        res,
        true,
        HttpErrors.UNSUPPORTED_EXPECTATION('the only expectation that is met is 100-continue'),
      ),
    );
    this.#server.on('connect', (_req, socket) =>
      this.#refuse(socket as Socket, HttpErrors.METHOD_NOT_ALLOWED('CONNECT is for proxies', { metadata: { allow } })),
    );
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#onClientError(error, socket as Socket),
    );
    this.#server.on('timeout', (socket) => this.#onSilence(socket));
    // node starts to look for slow clients when it listens; this server never does, its sockets come from elsewhere.
    this.#server.emit('listening');
  }

  handle(socket: Socket): void {
    const { maxConnections } = this.#options;
    if (this.#connections.size >= maxConnections) {
      this.#refuse(socket, HttpErrors.TOO_MANY_CONNECTIONS('the server has as many connections as it can serve'));
      socket.destroySoon();
      return;
    }
    this.#connections.set(socket, {
      open: new Set(),
      last: undefined,
      isBroken: false,
      bytesRead: 0,
    });
    socket.once('close', () => {
      this.#connections.delete(socket);
      if (this.#isDraining && this.#connections.size === 0) this.#emptied.resolve();
    });
    this.#server.emit('connection', socket);
  }

  leave(graceMs: number): void {
    this.#leftAt ??= this.#options.clock.now();
    this.#graceMs = graceMs;
    for (const { last } of this.#connections.values()) last?.closeAfter();
    if (this.#isDraining) this.#awaitGrace();
  }

  async drain(ctx: Context): Promise<void> {
    this.#isDraining = true;
    this.#awaitGrace();
    const stop = ctx.onDone(() => this.destroy());
    if (this.#connections.size > 0) await this.#emptied.promise;
    stop();
    this.#grace?.stop();
    this.destroy();
  }

  destroy(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
    // Ends node's watch for slow clients.
    this.#server.close();
  }

  #awaitGrace(): void {
    const { clock } = this.#options;
    this.#grace?.stop();
    const leftMs = (this.#leftAt ?? clock.now()) + this.#graceMs - clock.now();
    if (leftMs <= 0) this.#closeIdle();
    else if (this.#connections.size > 0) this.#grace = clock.after(leftMs, () => this.#closeIdle());
  }

  /** Those that wait for nothing; node's own closeIdleConnections() leaves those that never sent anything. */
  #closeIdle(): void {
    this.#isGraceOver = true;
    for (const [socket, { open, bytesRead }] of this.#connections) {
      if (open.size === 0 && bytesRead === socket.bytesRead) socket.destroySoon();
    }
  }

  #onRequest(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean, refusal?: StatusError): void {
    const { socket } = req;
    const exchange = new NodeExchange(req, res, this.#options.clock, awaitsContinue);
    const connection = this.#connections.get(socket);
    if (connection !== undefined) connection.last = exchange;
    connection?.open.add(exchange);
    res.once('close', () => {
      connection?.open.delete(exchange);
      exchange.closed();
      if (connection === undefined || connection.open.size > 0) return;
      connection.bytesRead = socket.bytesRead;
      // An answer whose head was out when the drain began could not say that it is the last; node keeps its connection.
      const isLast = this.#leftAt !== undefined && exchange.isLast;
      if (isLast || this.#isGraceOver || connection.isBroken) socket.destroySoon();
    });
    if (this.#leftAt !== undefined) exchange.closeAfter();
    if (refusal === undefined) this.#options.onExchange(exchange);
    else this.#answer(exchange, refusal);
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || !socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    if (connection.isBroken) return;
    connection.isBroken = true;
    const refusal = malformed(error);
    const exchange = connection.last;
    if (exchange?.isReceiving === true) {
      // The broken bytes are in the body of this request, which may have its answer already.
      if (exchange.isAnswering) socket.destroy();
      else this.#answer(exchange, refusal);
    } else if (exchange !== undefined && connection.open.has(exchange)) {
      // They follow a request that is still being answered: that answer first, or the client would take ours for it.
      exchange.closeAfter();
    } else {
      this.#refuse(socket, refusal);
    }
  }

  #answer(exchange: NodeExchange, error: StatusError): void {
    const { status, headers, body } = errorReply(error);
    exchange.closeAfter();
    exchange.respond(status, headers, body);
    exchange.abandon();
    this.#options.onRefused(error);
  }

  /** Answers on a connection that has no request, by hand. */
  #refuse(socket: Socket, error: StatusError): void {
    this.#options.onRefused(error);
    const { status, headers, body } = errorReply(error);
    const lines = headers.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
    socket.on('error', () => {});
    socket.end(head + body);
    // Closed at once, what it still sends would reset the connection and take the answer with it.
    const timer = this.#options.clock.after(lingerMs, () => socket.destroy());
    socket.once('close', () => timer.stop());
    socket.resume();
  }

  /** Nothing moved on a connection for a while: sendTimeoutMs while it is served, keepAliveMs otherwise. */
  #onSilence(socket: Socket): void {
    const isServed = (this.#connections.get(socket)?.open.size ?? 0) > 0;
    if (isServed && socket.writableLength === 0) socket.setTimeout(this.#options.sendTimeoutMs);
    else socket.destroy();
  }
}

function malformed(error: NodeJS.ErrnoException): StatusError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return HttpErrors.HEADERS_TOO_LARGE('the headers of the request are too large', { cause: error });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return HttpErrors.BODY_TOO_LARGE('the chunk extensions of the body are too large', { cause: error });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return HttpErrors.REQUEST_TIMEOUT('the request did not arrive in time', { cause: error });
    default:
      return HttpErrors.MALFORMED_REQUEST(`the request is not valid HTTP/1.1 (${error.code ?? error.message})`, {
        cause: error,
      });
  }
}
