import { once } from 'node:events';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';

/** A server that says exactly what a test wants said. */
export class RawServer implements AsyncDisposable {
  /** All connections that it has had, the oldest first. */
  readonly sockets: Socket[] = [];
  /** Heads of requests, by the connections that they came on: '0 GET /path'. */
  readonly requests: string[] = [];
  /** The connections that have not closed. */
  open = 0;
  readonly #server: Server;
  #change = Promise.withResolvers<void>();

  /** `answer` is called for each head of a request, with what the whole request was when it has no body. */
  private constructor(answer: (socket: Socket, request: string) => void) {
    this.#server = createServer((socket) => {
      const number = this.sockets.push(socket) - 1;
      socket.on('error', () => {});
      this.open++;
      socket.on('close', () => {
        this.open--;
        this.#wake();
      });
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          const request = text.slice(0, end + 4);
          text = text.slice(end + 4);
          if (!/^[A-Z]+ /.test(request)) continue;
          this.requests.push(`${number} ${request.slice(0, request.indexOf(' HTTP/'))}`);
          answer(socket, request);
          this.#wake();
        }
      });
      this.#wake();
    });
  }

  static async start(
    answer: (socket: Socket, request: string) => void,
    where: ListenOptions = { port: 0, host: '127.0.0.1' },
  ): Promise<RawServer> {
    const server = new RawServer(answer);
    server.#server.listen(where);
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? `http://127.0.0.1:${address.port}` : 'http://localhost';
  }

  /** Resolves when the condition holds; it is looked at when something has happened to the server. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#change.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

/** A whole answer with this body. */
export function ok(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
