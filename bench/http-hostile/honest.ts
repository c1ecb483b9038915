import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const request = 'GET / HTTP/1.1\r\nHost: target\r\n\r\n';
/** More than this in a row without an answer is no latency any more. */
const patienceMs = 10_000;

/**
 * A client that behaves: small requests at a fixed rate, whatever the server does (open loop), over a few connections that
 * it keeps. A latency counts from when the request was due, so that none is forgiven because an earlier one was slow.
 */
export class HonestClient {
  readonly #port: number;
  readonly #connections: Promise<Connection>[] = [];

  constructor(port: number, connections: number) {
    this.#port = port;
    for (let i = 0; i < connections; i++) this.#connections.push(Connection.open(port));
  }

  /** Milliseconds of each request, in no order. Throws if any got no answer, or a wrong one. */
  async measure(perSecond: number, seconds: number): Promise<number[]> {
    const latencies: number[] = [];
    const count = perSecond * seconds;
    const start = performance.now();
    const running: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const due = start + (i * 1000) / perSecond;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      // A timer may be early.
      const from = Math.min(due, performance.now());
      running.push(this.#ask(i).then(() => void latencies.push(performance.now() - from)));
    }
    await Promise.all(running);
    return latencies;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) (await connection).end();
  }

  async #ask(turn: number): Promise<void> {
    const at = turn % this.#connections.length;
    let connection = await this.#connections[at]!;
    if (connection.isClosed) {
      this.#connections[at] = Connection.open(this.#port);
      connection = await this.#connections[at]!;
    }
    await connection.ask();
  }
}

class Connection {
  isClosed = false;
  readonly #socket: Socket;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #text = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#received(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      for (const { reject } of this.#waiting) reject(new Error('the server closed the connection of an honest client'));
    });
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Connection(socket);
  }

  async ask(): Promise<void> {
    const answered = Promise.withResolvers<void>();
    this.#waiting.push(answered);
    const timer = setTimeout(
      () => answered.reject(new Error(`an honest client had no answer in ${patienceMs} ms`)),
      patienceMs,
    );
    this.#socket.write(request);
    await answered.promise.finally(() => clearTimeout(timer));
  }

  end(): void {
    this.#socket.destroy();
  }

  #received(chunk: string): void {
    this.#text += chunk;
    for (;;) {
      const headEnd = this.#text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const end = headEnd + 4 + 'honest'.length;
      if (this.#text.length < end) return;
      const answer = this.#text.slice(0, end);
      this.#text = this.#text.slice(end);
      const waiting = this.#waiting.shift();
      if (answer.startsWith('HTTP/1.1 200 ') && answer.endsWith('\r\n\r\nhonest')) waiting?.resolve();
      else waiting?.reject(new Error(`an honest client got ${JSON.stringify(answer)}`));
    }
  }
}

/** The value that so much of all (0 to 1) is not above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
