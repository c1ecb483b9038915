/** tRPC over HTTP, on its own server: `trpc-server.ts PORT` */
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { echoRouter } from './trpc-router.ts';

createHTTPServer({ router: echoRouter }).listen(Number(process.argv[2]), '127.0.0.1');
