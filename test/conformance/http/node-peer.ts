import { createServer, type IncomingMessage, METHODS, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

/** One request as node:http saw it, as far as it came. */
export interface NodeMessage {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly keepAlive: boolean;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly isComplete: boolean;
}

export interface NodeObservation {
  readonly messages: readonly NodeMessage[];
  /** Why it refused the rest, if it did. */
  readonly error: string | undefined;
}

/** The methods it takes; it refuses all others, though RFC 9110 section 9.1 allows any token. */
export const nodeMethods: ReadonlySet<string> = new Set(METHODS);

/** A connection without a network: what is emitted on it arrives at once. */
export class MemorySocket extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
  setTimeout(): void {}
}

/** A real server of node:http with its default, strict parser, but for Host: that it is missing, it would say later. */
export class NodePeer {
  readonly #server = createServer({
    requireHostHeader: false,
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
  });
  #seen: { readonly req: IncomingMessage; readonly keepAlive: boolean }[] = [];
  #error: string | undefined;

  constructor() {
    const take = (req: IncomingMessage, res: ServerResponse) =>
      this.#seen.push({ req, keepAlive: res.shouldKeepAlive });
    this.#server.on('request', take).on('checkContinue', take).on('checkExpectation', take);
    this.#server.on('connect', (req: IncomingMessage) => this.#seen.push({ req, keepAlive: true }));
    this.#server.on('clientError', (error: NodeJS.ErrnoException) => {
      this.#error ??= error.code ?? error.message;
    });
  }

  parse(bytes: Buffer): NodeObservation {
    this.#seen = [];
    this.#error = undefined;
    const socket = new MemorySocket();
    this.#server.emit('connection', socket);
    socket.emit('data', bytes);
    const messages = this.#seen.map(({ req, keepAlive }) => observed(req, keepAlive));
    const error = this.#error;
    socket.destroy();
    return { messages, error };
  }

  close(): void {
    this.#server.close();
  }
}

function observed(req: IncomingMessage, keepAlive: boolean): NodeMessage {
  const body: Buffer[] = [];
  for (let piece = req.read(); piece !== null; piece = req.read()) body.push(piece);
  return {
    method: req.method!,
    target: req.url!,
    version: req.httpVersion,
    keepAlive,
    fields: req.rawHeaders,
    body: Buffer.concat(body).toString('latin1'),
    trailers: req.rawTrailers,
    isComplete: req.complete,
  };
}
