/**
 * A service of three routes, `server.ts PORT GUARD STRETCHES`: `/cpu` burns CPU, `/mixed` burns it after a wait, `/io` waits for a
 * dependency of limited capacity. GUARD is `default` (what a server does that is told nothing), `off` or `aegis`. Telemetry is on, its log goes to stdout.
 */
import { background, sleep } from 'flotilla/concurrency';
import { createHttpServer, createRouter, text } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { createTelemetry, withTelemetry } from 'flotilla/observe';
import { aegisAdmit } from './aegis.ts';
import { burn } from './burn.ts';
import { Dependency } from './dependency.ts';

const [port, guard, stretches] = process.argv.slice(2);

const router = createRouter();
const work = Number(stretches);
// Compiled before the first request.
burn(100 * work);
router.get('/cpu', () => text(burn(work) === 0 ? 'odd' : 'done'));

router.get('/mixed', async (ctx) => {
  await sleep(ctx, 5);
  return text(burn(work) === 0 ? 'odd' : 'done');
});

const dependency = new Dependency(20, 20);
router.get('/io', async () => {
  await dependency.ask();
  return text('done');
});

const telemetry = createTelemetry({ resource: { service: 'bench', version: '1.0.0', instance: 'bench-1' } });
const listener = tcpListener({ port: Number(port) });
const server = createHttpServer({
  name: 'bench',
  router,
  listener,
  keepAliveMs: 600_000,
  ...(guard !== 'default' && { guard: false }),
  ...(guard === 'aegis' && { admit: aegisAdmit() }),
});
await server.start(withTelemetry(background(), telemetry));
