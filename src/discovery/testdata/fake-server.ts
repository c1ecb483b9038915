import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What can go wrong with a server: connections cut, errors, silence, and answers that make no sense. */
export const faults = ['cut', 'error', 'silent', 'garbage', 'truncated', 'empty', 'hollow'] as const;
export type Fault = (typeof faults)[number];

export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly response: ServerResponse;
  /** Aborted when the caller goes away or the server does. */
  readonly signal: AbortSignal;
}

/** An HTTP server of a test that speaks somebody's API, until it is told to fail. */
export class FakeServer implements AsyncDisposable {
  url = '';
  /** `METHOD /path` of all calls, also of those that failed. */
  readonly calls: string[] = [];
  readonly #handle: (call: FakeCall) => unknown;
  #server: Server | undefined;
  #fault: Fault | undefined;
  #waiting: (() => void)[] = [];

  constructor(handle: (call: FakeCall) => unknown) {
    this.#handle = handle;
  }

  /** On the port that it had, if it had one. */
  async start(): Promise<this> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.listen(this.url === '' ? 0 : Number(new URL(this.url).port), '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Cuts all connections and takes no more. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  /** From now on all calls fail in this way, those that wait included; undefined: none does. */
  fail(fault: Fault | undefined): void {
    this.#fault = fault;
    this.#server?.closeAllConnections();
  }

  /** Resolves after so many more calls. */
  async called(times: number): Promise<void> {
    const goal = this.calls.length + times;
    while (this.calls.length < goal) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://fake');
    const method = request.method ?? 'GET';
    let body = '';
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      for await (const chunk of request) body += String(chunk);
    } catch {
      return;
    }
    this.calls.push(`${method} ${path}`);
    for (const wake of this.#waiting.splice(0)) wake();
    if (this.#fault !== undefined) fail(this.#fault, response);
    else await this.#handle({ method, path, query, headers: request.headers, body, response, signal: gone.signal });
  }
}

export function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

function fail(fault: Fault, response: ServerResponse): void {
  if (fault === 'cut') response.destroy();
  else if (fault === 'error') reply(response, 500, 'something broke');
  else if (fault === 'garbage') reply(response, 200, '<html>it works</html>');
  else if (fault === 'empty') reply(response, 200, '');
  else if (fault === 'hollow') reply(response, 200, {});
  else if (fault === 'truncated') {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"header":');
    setImmediate(() => response.destroy());
  }
}
