import { timingSafeEqual } from 'node:crypto';
import type { Context } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { createHttpServer, createRouter, type HttpServer, json, text } from '../net/http/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import type { CheckResult } from './readiness.ts';

export interface AdminServerOptions {
  /** The service, as its errors name it. */
  readonly name: string;
  /** Default: 127.0.0.1. Anything but a loopback address needs a token. */
  readonly host?: string;
  /** Default: 0, any. */
  readonly port?: number;
  /** At least 16 characters. Where there is one, every request needs `Authorization: Bearer <token>`. Default: none. */
  readonly token?: string;
  /** What `/readyz` tells. */
  readonly readiness: (ctx: Context) => Promise<ReadinessReport>;
  /** What `/metrics` tells, as Prometheus text. */
  readonly metrics: () => string;
}

export interface ReadinessReport {
  readonly status: string;
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);
const minTokenLength = 16;

/**
 * Health and metrics for probes, scrapers and people: `/livez`, `/readyz`, `/metrics`. Without a token it answers only
 * requests that name a loopback host, so that a web page cannot read it through a name of its own (DNS rebinding).
 */
export function adminServer(options: AdminServerOptions): HttpServer {
  const { name, host = '127.0.0.1', port = 0, token, readiness, metrics } = options;
  checkExposure(host, token);
  const guard = (request: AdminRequest) => (token === undefined ? checkLoopback(request) : checkToken(request, token));
  const router = createRouter();
  router.get('/livez', async (_ctx, request) => {
    guard(request);
    return { status: 'live' };
  });
  router.get('/readyz', async (ctx, request) => {
    guard(request);
    const { ready, ...report } = await readiness(ctx);
    return json(report, { status: ready ? 200 : 503 });
  });
  router.get('/metrics', async (_ctx, request) => {
    guard(request);
    return text(metrics(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } });
  });
  return createHttpServer({
    router,
    listener: tcpListener({ host, port }),
    name: `${name}.admin`,
    maxConnections: 64,
    // Who looks after an overloaded process must get to see it.
    guard: false,
  });
}

interface AdminRequest {
  header(name: string): string | undefined;
}

function checkExposure(host: string, token: string | undefined): void {
  if (token !== undefined && token.length < minTokenLength) {
    throw new StatusError(
      'invalid_argument',
      `the admin token has ${token.length} characters; it needs at least ${minTokenLength}`,
      {
        reason: 'INVALID_CONFIG',
      },
    );
  }
  if (loopbackNames.has(host) || token !== undefined) return;
  throw new StatusError(
    'invalid_argument',
    `the admin address ${host} can be reached from other machines; set FLOTILLA_ADMIN_TOKEN, or bind it to 127.0.0.1`,
    { reason: 'INVALID_CONFIG' },
  );
}

function checkLoopback(request: AdminRequest): void {
  const host = request.header('host') ?? '';
  const origin = request.header('origin');
  if (isLoopback(`http://${host}`) && (origin === undefined || isLoopback(origin))) return;
  throw new StatusError('permission_denied', 'the admin endpoints answer only requests to a loopback name', {
    reason: 'FORBIDDEN_HOST',
  });
}

function isLoopback(url: string): boolean {
  const hostname = URL.parse(url)?.hostname;
  return hostname !== undefined && loopbackNames.has(hostname);
}

function checkToken(request: AdminRequest, token: string): void {
  const given = Buffer.from(request.header('authorization') ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw new StatusError('unauthenticated', 'the admin endpoints need "Authorization: Bearer <token>"', {
    reason: 'BAD_TOKEN',
  });
}
