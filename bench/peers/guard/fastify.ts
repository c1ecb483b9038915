/** Fastify with a limit by address that one call has used up: `fastify.ts PORT`. Without the headers that it could add. */
import { createRequire } from 'node:module';
import fastify from 'fastify';

// Not imported: its types would bring those of Fastify along.
const rateLimit = createRequire(import.meta.url)('@fastify/rate-limit') as object;
const app = fastify({ logger: false, keepAliveTimeout: 600_000 });
await app.register(rateLimit, { max: 1, timeWindow: 3_600_000, addHeaders: none(), addHeadersOnExceeding: none() });
app.get('/', (_request, reply) => {
  reply.send('done');
});
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });

function none(): Record<string, boolean> {
  const names = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after'];
  return Object.fromEntries(names.map((name) => [name, false]));
}
