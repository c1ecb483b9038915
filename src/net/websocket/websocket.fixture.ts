import { background, type Context } from '../../concurrency/index.ts';
import { createHttpServer, createRouter, type HttpServer } from '../http/index.ts';
import { tcpListener } from '../tcp/index.ts';
import { type WebSocketHandler, type WebSocketOptions, websocket } from './websocket.ts';

export interface TestServer extends AsyncDisposable {
  readonly server: HttpServer;
  /** ws://127.0.0.1:… */
  readonly url: string;
  readonly port: number;
}

/** A server on a free port that serves WebSockets at `/`; stopped, by force after 2 s, at the end of the block. */
export async function serveWebSocket(
  handler: WebSocketHandler,
  options: WebSocketOptions = {},
  ctx: Context = background(),
): Promise<TestServer> {
  const router = createRouter();
  router.get('/', { timeoutMs: 0 }, (_ctx, req) => websocket(req, handler, options));
  const server = createHttpServer({ router, name: 'test', listener: tcpListener({ port: 0 }), drainGraceMs: 0 });
  const [endpoint] = await server.start(ctx);
  const port = Number(new URL(endpoint!.url).port);
  return {
    server,
    url: `ws://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      using limit = background().withTimeout(2000);
      await server.stop(limit);
    },
  };
}
