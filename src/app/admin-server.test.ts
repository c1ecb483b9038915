import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { background } from '../concurrency/index.ts';
import { memoryRegistry } from '../discovery/index.ts';
import { as } from '../errors/index.ts';
import { createTelemetry } from '../observe/index.ts';
import { type AdminServerOptions, adminServer } from './admin-server.ts';
import { type App, app } from './app.ts';
import { createHost } from './host.ts';

const ctx = background();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  const sent = request(url, { headers, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

async function serve(options: Partial<AdminServerOptions> = {}): Promise<string> {
  const server = adminServer({
    name: 'room',
    metrics: () => '# TYPE up gauge\nup 1\n',
    readiness: async () => ({ status: 'ready', ready: true, checks: {} }),
    ...options,
  });
  const [endpoint] = await server.start(ctx);
  stops.push(() => server.stop(ctx));
  return endpoint!.url;
}

describe('the admin endpoints', () => {
  it('tell liveness, readiness with each check, and metrics', async () => {
    const checks = { database: { ok: false, durationMs: 3, message: 'connection refused' } };
    const url = await serve({ readiness: async () => ({ status: 'unready', ready: false, checks }) });

    assert.deepEqual(JSON.parse((await get(`${url}/livez`)).body), { status: 'live' });
    const ready = await get(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.deepEqual(JSON.parse(ready.body), { status: 'unready', checks });
    const metrics = await get(`${url}/metrics`);
    assert.equal(metrics.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(metrics.body, /^up 1$/m);
  });

  const hosts: [headers: Record<string, string>, status: number][] = [
    [{ host: 'localhost:1234' }, 200],
    [{ host: '127.0.0.1' }, 200],
    [{ host: '[::1]:80' }, 200],
    [{ host: 'evil.example:1234' }, 403],
    [{ host: '127.0.0.1.evil.example' }, 403],
    [{ host: '10.0.0.1' }, 403],
    [{ origin: 'http://localhost:8081' }, 200],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
  ];
  for (const [headers, status] of hosts) {
    it(`answer ${status} to ${JSON.stringify(headers)}`, async () => {
      const url = await serve();

      for (const path of ['/livez', '/readyz', '/metrics'])
        assert.equal((await get(url + path, headers)).status, status);
    });
  }

  it('ask for the token where there is one', async () => {
    const token = 'a-token-of-some-length';
    const url = await serve({ token });

    assert.equal((await get(`${url}/metrics`)).status, 401);
    assert.equal((await get(`${url}/metrics`, { authorization: `Bearer ${token}x` })).status, 401);
    assert.equal(
      (await get(`${url}/metrics`, { authorization: `Bearer ${token}`, host: 'room.internal' })).status,
      200,
    );
  });

  const exposures: [options: Partial<AdminServerOptions>, message: RegExp][] = [
    [{ host: '0.0.0.0' }, /0\.0\.0\.0 can be reached from other machines; set FLOTILLA_ADMIN_TOKEN/],
    [{ host: '::' }, /can be reached from other machines/],
    [{ token: 'short' }, /has 5 characters; it needs at least 16/],
  ];
  for (const [options, message] of exposures) {
    it(`refuse ${JSON.stringify(options)}`, async () => {
      await assert.rejects(
        serve(options),
        (error) => as(error)?.reason === 'INVALID_CONFIG' && message.test(String(error)),
      );
    });
  }
});

describe('the health of an app', () => {
  it('is ready, then draining until its servers have stopped; probes are not logged', async () => {
    const statuses: string[] = [];
    const lines: string[] = [];
    const telemetry = createTelemetry({
      resource: { service: 'room', version: '1.0.0', instance: 'room-1' },
      write: (line) => lines.push(line),
      runtimeMetrics: false,
    });
    const host = createHost({ instance: 'room-1', registry: memoryRegistry(), telemetry: () => telemetry });
    const note = async () => {
      const { status, body } = await get(`${room.endpoints[0]?.url}/readyz`);
      statuses.push(`${status} ${(JSON.parse(body) as { status: string }).status}`);
    };
    const servers = [{ start: async () => [], stop: note }];
    const room: App = app({ name: 'room', version: '1.0.0', host, servers, propagationMs: 0 });
    await room.start(ctx);

    await note();
    await room.stop(ctx);

    assert.deepEqual(statuses, ['200 ready', '503 draining']);
    await assert.rejects(get(`${room.endpoints[0]?.url}/livez`));
    assert.ok(lines.length > 0 && lines.every((line) => !line.includes('readyz')));
  });

  it('is not ready while a check fails, and says which and why', async () => {
    let database: Error | undefined;
    const host = createHost({ env: { FLOTILLA_TELEMETRY: 'off' }, instance: 'room-1', registry: memoryRegistry() });
    const checks = {
      disk: () => {},
      database() {
        if (database !== undefined) throw database;
      },
    };
    const room = app({ name: 'room', version: '1.0.0', host, servers: [], checks, propagationMs: 0 });
    await room.start(ctx);
    stops.push(() => room.stop(ctx));
    database = new Error('connection refused');

    const answer = await get(`${room.endpoints[0]?.url}/readyz`);

    const body = JSON.parse(answer.body) as {
      status: string;
      checks: Record<string, { ok: boolean; message?: string }>;
    };
    assert.equal(answer.status, 503);
    assert.equal(body.status, 'unready');
    assert.equal(body.checks.disk?.ok, true);
    assert.deepEqual([body.checks.database?.ok, body.checks.database?.message], [false, 'connection refused']);
  });
});
