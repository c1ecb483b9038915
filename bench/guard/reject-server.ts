/** Ours with its defaults and a limit by address that one call has used up: `reject-server.ts PORT`. */
import { background } from 'flotilla/concurrency';
import { byAddress, keyedLimiter } from 'flotilla/guard';
import { createHttpServer, createRouter, text } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { rateLimit } from 'flotilla/service';

const router = createRouter();
router.get('/', () => text('done'));

const { admit } = rateLimit(keyedLimiter({ name: 'bench', limit: 1, windowMs: 3_600_000, key: byAddress }));
const listener = tcpListener({ port: Number(process.argv[2]) });
await createHttpServer({ name: 'bench', router, listener, admit, keepAliveMs: 600_000 }).start(background());
