/** Ours: `/echo` sends back what comes, `/room` holds whoever connects. */
import { background } from 'flotilla/concurrency';
import { createHttpServer, createRouter } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { Room, type WebSocketHandler, websocket } from 'flotilla/net/websocket';
import { answerQuestions, message } from './measured.ts';

const room = new Room();
const echo: WebSocketHandler = async (ctx, ws) => {
  for await (const text of ws) await ws.send(ctx, text);
};
const listen: WebSocketHandler = async (ctx, ws) => {
  using _ = room.join(ws);
  await ws.discard(ctx);
};

// The clients of the bench answer no pings, and ws sends none.
const options = { pingIntervalMs: 0 };
const router = createRouter();
router.get('/echo', { timeoutMs: 0 }, (_ctx, req) => websocket(req, echo, options));
router.get('/room', { timeoutMs: 0 }, (_ctx, req) => websocket(req, listen, options));

const listener = tcpListener({ port: 0 });
const [endpoint] = await createHttpServer({ name: 'bench', router, listener }).start(background());
answerQuestions(Number(new URL(endpoint!.url).port), () => void room.broadcast(message));
