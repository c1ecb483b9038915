import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app, type Main, run } from '../app/index.ts';
import { guardRequests, type OpenCollector, openCollector, quietTelemetry } from '../collector/index.ts';
import { background, type CancelContext, type Context } from '../concurrency/index.ts';
import { memoryRegistry, type Registry, registryRoutes } from '../discovery/index.ts';
import { createHttpServer, createRouter, type HttpServer, type Router, staticFiles, text } from '../net/http/index.ts';
import type { Listener } from '../net/tcp/index.ts';
import { telemetryOf, withTelemetry } from '../observe/index.ts';
import type { Endpoint, Server } from '../service/index.ts';

/**
 * The back-end process of a fleet: the registry under `/registry`, the collector under `/v1` with its query API under
 * `/api`, and the console at `/`, all on one port of loopback, which the supervisor keeps open across restarts.
 */
const main: Main = async (host) => {
  const registry = memoryRegistry();
  const server = new BackendServer({
    registry,
    dataDir: join(host.dataDir(), 'telemetry'),
    listener: host.listener('http', { port: 8081 }),
  });
  return app({
    name: 'backend',
    version: '1.0.0',
    host,
    register: false,
    servers: [server],
    closers: [() => registry.close()],
  });
};

interface BackendOptions {
  readonly registry: Registry;
  readonly dataDir: string;
  readonly listener: Listener;
}

class BackendServer implements Server {
  readonly #options: BackendOptions;
  readonly #life: CancelContext = background().withCancel();
  #collector: OpenCollector | undefined;
  #server: HttpServer | undefined;

  constructor(options: BackendOptions) {
    this.#options = options;
  }

  /** Its own requests are not traced: each message with telemetry would cause another. */
  async start(ctx: Context): Promise<readonly Endpoint[]> {
    const { registry, dataDir, listener } = this.#options;
    const quiet = withTelemetry(ctx, quietTelemetry(telemetryOf(ctx)));
    this.#collector = await openCollector(quiet, { dataDir, registry });
    const router = createRouter();
    router.mount(this.#collector.router);
    // A page of another site must not reach the registry either.
    const guarded = router.group('', { middleware: [guardRequests()] });
    guarded.mount(registryRoutes(registry, { ctx: this.#life }));
    serveConsole(guarded);
    this.#server = createHttpServer({ name: 'backend', router, listener });
    return this.#server.start(quiet);
  }

  async stop(ctx: Context): Promise<void> {
    // Answers the polls that wait for news; they would hold up the drain.
    this.#life.cancel();
    await this.#server?.stop(ctx);
    await this.#collector?.close(ctx);
  }
}

function serveConsole(router: Router): void {
  const root = consoleFiles();
  if (root === undefined) {
    router.get('/', async () => text('The console is not built. npm start builds it.\n'));
    return;
  }
  const serve = staticFiles({ root, immutable: /^assets\//, fallback: 'index.html' });
  router.get('/*path', (ctx, req) => serve(ctx, req, req.params.path));
}

/** The built console: in this repository, or beside the other files of the package. */
function consoleFiles(): string | undefined {
  const places = ['../../console/dist', '../console'].map((place) => join(import.meta.dirname, place));
  return places.find((place) => existsSync(join(place, 'index.html')));
}

await run(main);
