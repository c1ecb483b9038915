import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../../concurrency/index.ts';
import { createHttpServer, createRouter } from '../../net/http/index.ts';
import { app, type Main, run } from '../index.ts';

/** A service whose loop can be blocked and whose memory can be leaked, watched closely. */
const main: Main = async (host) => {
  const router = createRouter();
  router.get('/', async () => ({ pid: process.pid }));
  router.get('/spin', { timeoutMs: 0 }, async () => spinForEver());
  router.get('/promises', { timeoutMs: 0 }, async () => promisesForEver());
  router.get('/expression', { timeoutMs: 0 }, async () => /^(a+)+$/.test(`${'a'.repeat(60)}b`));
  router.get('/native', { timeoutMs: 0 }, async () => String(execFileSync('sleep', ['600'])));
  // As long as a small heap takes to be written.
  router.get('/snapshot', { timeoutMs: 0 }, async () => {
    const file = openSync(join(host.dataDir(), 'Heap.1.heapsnapshot'), 'w');
    execFileSync('sleep', ['4']);
    closeSync(file);
    return {};
  });
  // Longer than the watchdog waits, and a short profile lasts.
  router.get('/pause', { timeoutMs: 0 }, async () => {
    const end = performance.now() + 1_500;
    while (performance.now() < end);
    return {};
  });
  const leaked: object[] = [];
  router.get('/leak', { timeoutMs: 0 }, async (ctx) => {
    while (service.state === 'ready') {
      for (let i = 0; i < 5_000; i++) leaked.push({ i });
      await sleep(ctx, 5);
    }
    return { leaked: leaked.length > 0 };
  });
  const http = createHttpServer({ name: 'watched', router, listener: host.listener('http', { port: 0 }) });
  const service = app({ name: 'fixture', version: '1.0.0', host, servers: [http], propagationMs: 10 });
  return service;
};

function spinForEver(): never {
  for (let i = 0; ; i++) Math.sqrt(i);
}

function promisesForEver(): Promise<never> {
  const again = (): Promise<never> => Promise.resolve().then(again);
  return again();
}

const memory = { highShare: 0.6, sampleMs: 20, windowSamples: 3, windows: 2, jitterMs: 20 };
const profileMs = Number(process.env.PROFILE_MS ?? 300);
if (import.meta.main) await run(main, { watchdog: { stuckMs: 800, beatMs: 50, profileMs, maxProfiles: 2, memory } });
