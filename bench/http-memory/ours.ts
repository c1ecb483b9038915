/** Ours, on one port: `/` answers a text, `/socket` is a WebSocket that waits for messages. */
import { background } from 'flotilla/concurrency';
import { createHttpServer, createRouter, text } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { websocket } from 'flotilla/net/websocket';
import { greeting } from '../http/content.ts';
import { announce } from './serve.ts';

const router = createRouter();

router.get('/', () => text(greeting));

router.get('/socket', { timeoutMs: 0 }, (_ctx, req) =>
  websocket(req, async (ctx, socket) => {
    for await (const message of socket) await socket.send(ctx, message);
  }),
);

const listener = tcpListener({ port: 0 });
const options = { name: 'bench', router, listener, keepAliveMs: 600_000, maxConnections: 20_000 };
const [endpoint] = await createHttpServer(options).start(background());
announce(Number(new URL(endpoint!.url).port));
