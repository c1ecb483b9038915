/** Ours, with guard and telemetry off: `ours.ts PORT`. */
import { background, sleep } from 'flotilla/concurrency';
import { createHttpServer, createRouter, rawBytes, text } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { page } from './page.ts';

const router = createRouter();
router.get('/', () => text('honest'));
router.get('/page', () => text(page));
router.post('/read', { body: rawBytes() }, (_ctx, { body }) => ({ bytes: body.length }));
router.post('/ignore', async (ctx) => {
  await sleep(ctx, 1000);
  return text('ignored');
});

const listener = tcpListener({ port: Number(process.argv[2]) });
await createHttpServer({ name: 'target', router, listener, maxConnections: 20_000, guard: false }).start(background());
