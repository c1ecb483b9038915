import type { Context } from '../../concurrency/index.ts';
import { bytes, events, type HttpReply, type Router } from '../../net/http/index.ts';
import type { Health } from '../health/health.ts';
import { listServices } from '../health/list-services.ts';
import type { Query } from '../query/queries.ts';
import type { Store } from '../store/store.ts';
import { checkTraceId, Parameters, stepOf } from './parameters.ts';
import { tailLogs } from './tail.ts';

const minute = 60_000;
const hour = 60 * minute;
/** Services and the map show what happened lately. */
const recentMs = minute;
/** Without a start, logs and traces are searched from the beginning. */
const allOfTime = Number.MAX_SAFE_INTEGER;
const maxDurationMs = 24 * hour;

/** The JSON API that the console uses. Every answer is bounded; every parameter is checked. */
export function apiRoutes(router: Router, store: Store, health: Health): void {
  const answer = async (ctx: Context, query: Query): Promise<HttpReply> => answerJson(await store.query(ctx, query));

  router.get('/api/services', async (ctx, { query }) => {
    new Parameters(query, []);
    const untilMs = Date.now();
    const rates = await store.query(ctx, { kind: 'services', query: { sinceMs: untilMs - recentMs, untilMs } });
    return listServices(rates, health.list());
  });

  router.get('/api/traces', async (ctx, { query }) => {
    const from = new Parameters(query, ['service', 'minDurationMs', 'error', 'q', 'since', 'until', 'limit']);
    return answer(ctx, {
      kind: 'traces',
      query: {
        service: from.text('service'),
        minDurationMs: from.number('minDurationMs', { min: 0, max: maxDurationMs, fallback: 0 }),
        error: from.flag('error'),
        q: from.text('q'),
        limit: from.count('limit', { min: 1, max: 1000, fallback: 50 }),
        ...from.window(allOfTime),
      },
    });
  });

  router.get('/api/traces/:id', async (ctx, { params, query }) => {
    new Parameters(query, []);
    return answer(ctx, { kind: 'trace', query: { traceId: checkTraceId('id', params.id.toLowerCase()) } });
  });

  router.get('/api/logs', async (ctx, { query }) => {
    const from = new Parameters(query, ['q', 'trace', 'service', 'level', 'since', 'until', 'limit', 'before']);
    return answer(ctx, {
      kind: 'logs',
      query: {
        q: from.text('q'),
        trace: from.traceId('trace'),
        service: from.text('service'),
        level: from.level('level'),
        limit: from.count('limit', { min: 1, max: 1000, fallback: 200 }),
        before: from.count('before', { min: 1, max: Number.MAX_SAFE_INTEGER, fallback: Number.MAX_SAFE_INTEGER }),
        ...from.window(allOfTime),
      },
    });
  });

  router.get('/api/logs/tail', { timeoutMs: 0 }, async (ctx, { query }) => {
    const from = new Parameters(query, ['q', 'service', 'level']);
    return events(
      tailLogs(ctx, store, { q: from.text('q'), service: from.text('service'), level: from.level('level') }),
    );
  });

  router.get('/api/metrics', async (ctx, { query }) => {
    const from = new Parameters(query, ['name', 'service', 'since', 'until', 'stepMs']);
    const name = from.text('name');
    const service = from.text('service');
    if (name === '') return answer(ctx, { kind: 'metricNames', query: { service } });
    const window = from.window(15 * minute);
    return answer(ctx, { kind: 'metric', query: { name, service, ...window, stepMs: stepOf(from, window, 5000) } });
  });

  router.get('/api/map', async (ctx, { query }) =>
    answer(ctx, { kind: 'map', query: new Parameters(query, ['since', 'until']).window(recentMs) }),
  );

  router.get('/api/rates', async (ctx, { query }) => {
    const from = new Parameters(query, ['service', 'since', 'until', 'stepMs']);
    const window = from.window(15 * minute);
    return answer(ctx, {
      kind: 'rates',
      query: { service: from.text('service'), ...window, stepMs: stepOf(from, window, 1000) },
    });
  });
}

function answerJson(data: Uint8Array): HttpReply {
  return bytes(data, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
}
