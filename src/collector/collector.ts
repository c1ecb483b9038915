import type { Context } from '../concurrency/index.ts';
import { createHttpServer, createRouter, type HttpServer, staticFiles } from '../net/http/index.ts';
import { type Listener, tcpListener } from '../net/tcp/index.ts';
import { telemetryOf, withTelemetry } from '../observe/index.ts';
import type { Endpoint, Server } from '../service/index.ts';
import { checkExposure, guardRequests } from './http/guard.ts';
import { type OpenCollector, type OpenCollectorOptions, openCollector } from './open-collector.ts';
import { quietTelemetry } from './quiet-telemetry.ts';

export interface CollectorOptions extends OpenCollectorOptions {
  /** Default: a port of its own on `host`. */
  readonly listener?: Listener;
  /** Default: 127.0.0.1. Any other than a loopback address needs a `token`. */
  readonly host?: string;
  /** Default: 4318, OTLP's. 0: any. */
  readonly port?: number;
  /** A folder that is served at `/`: the console. Default: none. */
  readonly staticDir?: string | URL;
}

const otlpPort = 4318;

/**
 * A server that takes OTLP/HTTP, keeps it in files, and answers the console's questions. It starts once. Its own requests
 * are not traced, and logged only from `warn` up. Throws `invalid_argument` for an address that others reach without a token.
 */
export function createCollector(options: CollectorOptions): Server {
  return new CollectorServer(options);
}

class CollectorServer implements Server {
  readonly #options: CollectorOptions;
  readonly #listener: Listener;
  #collector: OpenCollector | undefined;
  #server: HttpServer | undefined;

  constructor(options: CollectorOptions) {
    const { host = '127.0.0.1', port = otlpPort, token } = options;
    checkExposure(host, token);
    this.#options = options;
    this.#listener = options.listener ?? tcpListener({ host, port });
  }

  async start(ctx: Context): Promise<readonly Endpoint[]> {
    const quiet = withTelemetry(ctx, quietTelemetry(telemetryOf(ctx)));
    const { host = '127.0.0.1', hosts = [], staticDir } = this.#options;
    const options = { ...this.#options, hosts: [...hosts, host] };
    const collector = await openCollector(quiet, options);
    this.#collector = collector;
    const router = createRouter();
    router.mount(collector.router);
    if (staticDir !== undefined) {
      const guard = { middleware: [guardRequests({ hosts: options.hosts })] };
      const files = staticFiles({ root: staticDir, fallback: 'index.html', immutable: /^assets\// });
      router.group('', guard).get('/*path', (callCtx, request) => files(callCtx, request, request.params.path));
    }
    this.#server = createHttpServer({ router, listener: this.#listener, name: 'collector' });
    try {
      return await this.#server.start(quiet);
    } catch (error) {
      await collector.close(ctx);
      throw error;
    }
  }

  async stop(ctx: Context): Promise<void> {
    await this.#server?.stop(ctx);
    await this.#collector?.close(ctx);
  }
}
