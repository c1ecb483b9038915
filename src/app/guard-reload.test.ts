import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { background, sleep } from '../concurrency/index.ts';
import { memoryRegistry } from '../discovery/index.ts';
import { createHttpServer, createRouter } from '../net/http/index.ts';
import { liveGuard, watchConfig, withGuardConfig } from '../service/index.ts';
import { app } from './app.ts';
import { createHost } from './host.ts';

test('a value that changes in the configuration file changes what a running server refuses, and back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-guard-reload-'));
  const file = join(directory, 'config.yaml');
  const save = async (text: string) => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  await save('greeting: hello');
  using life = background().withTimeout(60_000);
  const guard = liveGuard();
  const schema = withGuardConfig(z.object({ greeting: z.string() }));
  const config = await watchConfig(life, schema, { env: {}, file, settleMs: 5, pollMs: 50 }, (next) =>
    guard.configure(next.guard),
  );
  const host = createHost({ instance: 'web-1', registry: memoryRegistry(), env: { FLOTILLA_TELEMETRY: 'off' } });
  const router = createRouter();
  const release = Promise.withResolvers<void>();
  const areHeld = Promise.withResolvers<void>();
  let running = 0;
  const held: Promise<Response>[] = [];
  router.get('/call', async (_ctx, req) => {
    if (req.url.search !== '?held') return { ok: true };
    if (++running === held.length) areHeld.resolve();
    await release.promise;
    return { ok: true };
  });
  const server = createHttpServer({ name: 'web', router, listener: host.listener('http', { port: 0 }) });
  const web = app({ name: 'web', version: '1', host, servers: [server], guard, closers: [() => config.close()] });
  await web.start(life);
  const url = web.endpoints.find(({ name }) => name === 'http')!.url;
  const status = async () => {
    const response = await fetch(`${url}/call`);
    await response.text();
    return response.status;
  };
  const becomes = async (expected: number) => {
    while ((await status()) !== expected) await sleep(life, 5);
  };
  held.push(...Array.from({ length: 30 }, () => fetch(`${url}/call?held`)));
  await areHeld.promise;
  assert.equal(await status(), 200);

  // Hardly more than one call of a method at a time, and many are held.
  await save('greeting: hello\nguard: { overload: { initialConcurrency: 1, minConcurrency: 1, maxConcurrency: 1 } }');
  await becomes(503);
  // Refused as a whole: the values from before hold.
  await save('greeting: hello\nguard: { overload: { maxConcurrency: many } }');
  await save('greeting: hello');
  await becomes(200);
  release.resolve();

  for (const one of held) assert.equal((await one).status, 200);
  await web.stop(life);
  await host.close(life);
  await rm(directory, { recursive: true });
});

test('an app whose settings are out of their range does not start, and says which', async () => {
  const host = createHost({ instance: 'web-1', registry: memoryRegistry(), env: { FLOTILLA_TELEMETRY: 'off' } });
  const server = createHttpServer({
    name: 'web',
    router: createRouter(),
    listener: host.listener('http', { port: 0 }),
  });
  const guard = liveGuard({ overload: { heapHighShare: 7 } });
  const web = app({ name: 'web', version: '1', host, servers: [server], guard });

  await assert.rejects(web.start(background()), /heapHighShare.*7/);

  await host.close(background());
});
