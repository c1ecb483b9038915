import { type Context, sleep } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { createHttpServer, createRouter } from '../../net/http/index.ts';
import type { Server } from '../../service/index.ts';
import { app, type Main, run } from '../index.ts';

/** A service whose calls last, hang, crash or never start, as `FIXTURE` says. */
const main: Main = async (host) => {
  const mode = host.env.FIXTURE ?? '';
  if (mode === 'main hangs') return hang();
  if (mode === 'main fails') throw new TypeError('the wires are crossed');
  const router = createRouter();
  router.get('/', async () => ({ pid: process.pid }));
  // Runs until the app drains and a little longer.
  router.get('/held', { timeoutMs: 0 }, async (ctx) => {
    say('held');
    while (service.state !== 'draining') await sleep(ctx, 5);
    await sleep(ctx, 20);
    return { held: true };
  });
  router.get('/endless', { timeoutMs: 0 }, (ctx) => endless(ctx));
  router.get('/throw', async () => {
    setImmediate(() => {
      throw new Error('thrown where nobody catches', { cause: new Error('the first cause') });
    });
  });
  router.get('/reject', async () => {
    void Promise.reject(new Error('rejected where nobody handles'));
  });
  const http = createHttpServer({ name: 'fixture', router, listener: host.listener('http', { port: 0 }) });
  const service = app({
    name: 'fixture',
    version: '1.0.0',
    host,
    servers: mode === 'server fails' ? [http, failing()] : [http],
    closers: [() => say('first closer'), () => say('last closer')],
    propagationMs: 10,
    drainMs: mode === 'short drain' ? 50 : 10_000,
  });
  return service;
};

/** Ticks while it lasts, so that a test can act while it drains without guessing times. */
async function endless(ctx: Context): Promise<void> {
  for (;;) {
    say('tick');
    await sleep(ctx, 20);
  }
}

function failing(): Server {
  return {
    async start() {
      throw new StatusError('already_exists', '127.0.0.1:1 is already in use', { reason: 'ADDRESS_IN_USE' });
    },
    async stop() {
      say('failing server stopped');
    },
  };
}

function hang(): Promise<never> {
  say('main hangs');
  setInterval(() => {}, 1_000);
  return new Promise(() => {});
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main) await run(main, { hardLimitMs: 100 });
