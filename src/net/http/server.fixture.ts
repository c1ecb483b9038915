import { connect, type Socket } from 'node:net';
import { background } from '../../concurrency/index.ts';
import type { ErrorBody } from '../../errors/index.ts';
import { tcpListener } from '../tcp/index.ts';
import { createRouter, type Router } from './routing/router.ts';
import { createHttpServer, type HttpServer } from './server.ts';
import type { HttpServerOptions } from './server-options.ts';

export interface TestServer extends AsyncDisposable {
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
}

/** A server on a free port with the routes that `define` registers; stopped, by force after 2 s, at the end of the block. */
export async function serve(
  define: (router: Router) => void,
  options: Partial<HttpServerOptions> = {},
  ctx = background(),
): Promise<TestServer> {
  const router = createRouter();
  define(router);
  const server = createHttpServer({
    router,
    name: 'test',
    listener: tcpListener({ port: 0 }),
    drainGraceMs: 0,
    ...options,
  });
  const [endpoint] = await server.start(ctx);
  if (endpoint === undefined) throw new TypeError('the fixture needs a listener');
  return {
    server,
    url: endpoint.url,
    port: Number(new URL(endpoint.url).port),
    async [Symbol.asyncDispose]() {
      using limit = background().withTimeout(2000);
      await server.stop(limit);
    },
  };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A client that sends exactly the bytes it is told, and reads one answer at a time. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly port: number;
  readonly #chunks: Buffer[] = [];
  #received = Buffer.alloc(0);
  #isClosed = false;
  #change = Promise.withResolvers<void>();

  constructor(port: number) {
    this.port = port;
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.once('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
    return this;
  }

  /** Everything up to and with `text`, which is taken from what was received. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#join().indexOf(text);
      if (at >= 0) return this.#take(at + Buffer.byteLength(text)).toString();
      await this.#more(JSON.stringify(text));
    }
  }

  /** The next answer; its body by Content-Length, by chunks, or none. */
  async answer(request: { readonly isHead?: boolean } = {}): Promise<RawAnswer> {
    const [statusLine = '', ...lines] = (await this.until('\r\n\r\n')).trimEnd().split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const status = Number(statusLine.split(' ')[1]);
    if (request.isHead === true || status === 204 || status === 304) return { status, headers, body: '' };
    return { status, headers, body: await this.#body(headers) };
  }

  /** Resolves when the server has closed the connection; with what it sent before. */
  async closed(): Promise<string> {
    while (!this.#isClosed) await this.#change.promise;
    return this.#join().toString();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #body(headers: Readonly<Record<string, string>>): Promise<string> {
    if (headers['transfer-encoding'] === undefined)
      return (await this.#bytes(Number(headers['content-length'] ?? 0))).toString();
    let body = '';
    for (;;) {
      const size = Number.parseInt(await this.until('\r\n'), 16);
      body += (await this.#bytes(size)).toString();
      await this.until('\r\n');
      if (size === 0) return body;
    }
  }

  async #bytes(count: number): Promise<Buffer> {
    let size = this.#received.length + this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    while (size < count) {
      const known = this.#chunks.length;
      await this.#more(`${count} bytes`);
      for (const chunk of this.#chunks.slice(known)) size += chunk.length;
    }
    this.#join();
    return this.#take(count);
  }

  async #more(wanted: string): Promise<void> {
    if (this.#isClosed) throw new Error(`the connection closed before ${wanted}: ${this.#join().subarray(0, 1000)}`);
    await this.#change.promise;
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  #join(): Buffer {
    if (this.#chunks.length > 0) this.#received = Buffer.concat([this.#received, ...this.#chunks.splice(0)]);
    return this.#received;
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }
}

/** The error of an answer in the one shape. */
export function errorOf(answer: RawAnswer): ErrorBody {
  return JSON.parse(answer.body) as ErrorBody;
}

/** A promise that the test or the code under test resolves. */
export function gate<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}
