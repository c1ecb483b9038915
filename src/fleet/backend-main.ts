import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app, type Main, run } from '../app/index.ts';
import { background } from '../concurrency/index.ts';
import { memoryRegistry, registryRoutes } from '../discovery/index.ts';
import { createHttpServer, createRouter, staticFiles, text } from '../net/http/index.ts';
import type { Server } from '../service/index.ts';

/**
 * The back-end process of a fleet: the registry under `/registry`, the collector of telemetry under `/v1` with its query
 * API under `/api`, and the console at `/`, all on one port of loopback, which the supervisor keeps open across restarts.
 */
const main: Main = async (host) => {
  const life = background().withCancel();
  const router = createRouter();
  const registry = memoryRegistry();
  router.mount(registryRoutes(registry, { ctx: life }));
  const files = consoleFiles();
  if (files === undefined) router.get('/', async () => text('The console is not built: npm start builds it.\n'));
  else {
    const serve = staticFiles({ root: files, immutable: /^assets\//, fallback: 'index.html' });
    router.get('/*path', (ctx, req) => serve(ctx, req, req.params.path));
  }
  const server = createHttpServer({
    name: 'backend',
    router,
    listener: host.listener('http', { port: 8081 }),
    timeoutMs: 0,
  });
  return app({
    name: 'backend',
    version: '1.0.0',
    host,
    register: false,
    servers: [endsPollsFirst(server, () => life.cancel())],
    closers: [() => registry.close()],
  });
};

/** The polls that wait for news would hold up the drain. */
function endsPollsFirst(server: Server, end: () => void): Server {
  return {
    start: (ctx) => server.start(ctx),
    stop(ctx) {
      end();
      return server.stop(ctx);
    },
  };
}

/** The built console: in this repository, or beside the other files of the package. */
function consoleFiles(): string | undefined {
  const places = ['../../console/dist', '../console'].map((place) => join(import.meta.dirname, place));
  return places.find((place) => existsSync(join(place, 'index.html')));
}

await run(main);
