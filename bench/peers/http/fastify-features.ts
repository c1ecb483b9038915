/**
 * Fastify with the features on that ours has on in the same row, each in the quickest way that its users have:
 * - validation by the same zod schema;
 * - context: one AsyncLocalStorage, entered in a hook;
 * - trace: the caller's `traceparent` is taken over, the request gets a span id of its own and says so in its answer.
 *   Spans are exported on neither side: an OpenTelemetry SDK here would cost more than all the rest;
 * - metric: prom-client, a histogram whose children are kept per route and status;
 * - log: pino, one line per request with the same fields as ours. It writes to stdout in large pieces, from the same
 *   descriptor as ours: without the child logger per request that Fastify would make.
 * Ours also has a deadline, cancellation and a gauge of calls in flight, which this has not.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { pino, stdTimeFunctions } from 'pino';
import { collectDefaultMetrics, Histogram } from 'prom-client';
import { userParamsSchema, users } from '../../http/content.ts';
import { userResponse } from './fastify-schemas.ts';

class RequestContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: string;
  readonly started: number;

  constructor(traceId: string, spanId: string, flags: string, started: number) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.flags = flags;
    this.started = started;
  }
}

const contexts = new AsyncLocalStorage<RequestContext>();

const log = pino(
  { base: { service: 'bench', instance: 'bench-1' }, timestamp: stdTimeFunctions.epochTime },
  pino.destination({ dest: 1, sync: false, minLength: 8 * 1024 }),
);
// As pino's documentation advises for a piece that does not fill up.
setInterval(() => log.flush(), 10_000).unref();

collectDefaultMetrics();
const durations = new Histogram({
  name: 'http_server_call_duration_seconds',
  help: 'Time from the start of a call to its last byte.',
  labelNames: ['method', 'code'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
});
const children = new Map<string, { observe(value: number): void }>();

function durationOf(method: string, code: string): { observe(value: number): void } {
  const key = `${method} ${code}`;
  let child = children.get(key);
  if (child === undefined) {
    child = durations.labels(method, code);
    children.set(key, child);
  }
  return child;
}

const traceparent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function hex8(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}

const app = fastify({ logger: false, keepAliveTimeout: 60_000 });

app.setValidatorCompiler<typeof userParamsSchema>(({ schema }) => (data) => {
  const result = schema.safeParse(data);
  return result.success ? { value: result.data } : { error: result.error };
});

app.decorateRequest('context', null);

app.addHook('onRequest', (request, reply, done) => {
  const caller = traceparent.exec((request.headers.traceparent as string | undefined) ?? '');
  const traceId = caller?.[1] ?? hex8() + hex8() + hex8() + hex8();
  const context = new RequestContext(traceId, hex8() + hex8(), caller?.[3] ?? '01', performance.now());
  (request as WithContext).context = context;
  reply.header('traceparent', `00-${traceId}-${context.spanId}-${context.flags}`);
  contexts.run(context, done);
});

interface WithContext extends FastifyRequest {
  context: RequestContext;
}

app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
  const { traceId, spanId, started } = (request as WithContext).context;
  const durationMs = performance.now() - started;
  const method = request.routeOptions.config.name ?? 'unmatched';
  const code = String(reply.statusCode);
  durationOf(method, code).observe(durationMs / 1000);
  const fields = { traceId, spanId, method, side: 'server', code, durationMs: Math.round(durationMs * 1000) / 1000 };
  log.info(fields, 'request completed');
  done();
});

app.get(
  '/users/:id',
  { config: { name: 'GET /users/:id' }, schema: { params: userParamsSchema, response: userResponse } },
  (request, reply) => {
    const user = users.get((request.params as { id: string }).id);
    if (user === undefined) reply.code(404).send();
    else reply.send(user);
  },
);

await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 511 });
