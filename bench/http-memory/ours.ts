import { background } from 'flotilla/concurrency';
import { createHttpServer, createRouter, text } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { greeting } from '../http/content.ts';
import { announce } from './serve.ts';

const router = createRouter();
router.get('/', () => text(greeting));

const listener = tcpListener({ port: 0 });
const options = { name: 'bench', router, listener, keepAliveMs: 600_000, maxConnections: 20_000 };
const [endpoint] = await createHttpServer(options).start(background());
announce(Number(new URL(endpoint!.url).port));
