import { app, type Main, run } from 'flotilla/app';
import { sleep } from 'flotilla/concurrency';
import { createHttpServer, createRouter, rawText, stream, text } from 'flotilla/net/http';

/** Answers in the ways that answers are made, and says at its end which requests it has begun to work on. */
const main: Main = async (host) => {
  const begun: string[] = [];
  const begin = (id: string) => {
    if (begun.push(id) === 500) process.stdout.write('busy\n');
  };
  const router = createRouter();
  router.get('/at-once/:id', (_ctx, { params }) => {
    begin(params.id);
    return text(params.id);
  });
  router.get('/later/:id', async (ctx, { params }) => {
    begin(params.id);
    await sleep(ctx, 3);
    return text(params.id);
  });
  router.get('/stream/:id', async (ctx, { params }) => {
    begin(params.id);
    const parts = async function* () {
      yield params.id.slice(0, 1);
      await sleep(ctx, 2);
      yield params.id.slice(1);
    };
    return stream(parts());
  });
  router.post('/body/:id', { body: rawText() }, async (ctx, { params, body }) => {
    begin(params.id);
    await sleep(ctx, 1);
    return text(body);
  });
  const http = createHttpServer({
    name: 'drained',
    router,
    listener: host.listener('http', { port: 0 }),
    drainGraceMs: 5_000,
    // Every request that is begun shall be answered, also on a machine that stands still now and then.
    guard: false,
  });
  return app({
    name: 'drained',
    version: '1.0.0',
    host,
    servers: [http],
    closers: [() => process.stdout.write(`begun ${JSON.stringify(begun)}\n`)],
    propagationMs: 50,
  });
};

await run(main);
