/**
 * The collector's query API over an invented fleet, for work on the console without a running one:
 *
 *     npx vite build console && node console/dev/mock-api.mjs [port]
 *
 * Serves `console/dist` too, under the strictest content security policy that the console must bear. For
 * an empty collector start it with MOCK_EMPTY=1.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { inventCall, services } from './mock-fleet.mjs';

const port = Number(process.argv[2] ?? 8091);
const isEmpty = process.env.MOCK_EMPTY === '1';
const dist = join(import.meta.dirname, '../dist');
const historyMs = 25 * 60_000;
const maxTraces = 6000;

const traces = [];
const logs = [];
const tails = new Set();
let lastLogId = 0;

function add(timeMs) {
  const call = inventCall(timeMs);
  traces.push(call.trace);
  if (traces.length > maxTraces) traces.shift();
  for (const line of call.logs) {
    const stored = { id: ++lastLogId, ...line };
    logs.push(stored);
    for (const tail of tails)
      if (matchesLog(stored, tail.query)) tail.response.write(`data: ${JSON.stringify(stored)}\n\n`);
  }
}

if (!isEmpty) {
  const nowMs = Date.now();
  for (let timeMs = nowMs - historyMs; timeMs < nowMs; timeMs += 200 + 500 * Math.random()) add(timeMs);
  setInterval(() => add(Date.now() - 80), 420).unref();
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

function matchesLog(line, query) {
  const q = (query.get('q') ?? '').toLowerCase();
  if (query.get('service') && line.service !== query.get('service')) return false;
  if (query.get('trace') && line.traceId !== query.get('trace')) return false;
  if (query.get('level') && levels.indexOf(line.level) < levels.indexOf(query.get('level'))) return false;
  return q === '' || JSON.stringify([line.message, line.attributes]).toLowerCase().includes(q);
}

function within(query, timeMs) {
  return timeMs >= Number(query.get('since') ?? 0) && timeMs <= Number(query.get('until') ?? Number.MAX_VALUE);
}

function summary(trace) {
  const root = trace.spans.find((span) => span.parentSpanId === null);
  return {
    traceId: trace.traceId,
    rootService: root?.service ?? '',
    rootName: root?.name ?? '',
    startMs: trace.startMs,
    durationMs: trace.durationMs,
    spanCount: trace.spans.length,
    error: trace.spans.some((span) => span.error),
    services: [...new Set(trace.spans.map((span) => span.service))],
  };
}

function figures(spans, seconds) {
  const sorted = spans.map((span) => span.durationMs).sort((a, b) => a - b);
  const at = (share) =>
    sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const errors = spans.filter((span) => span.error).length;
  return {
    requestsPerSecond: spans.length / seconds,
    errorRate: spans.length === 0 ? 0 : errors / spans.length,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p99Ms: at(0.99),
  };
}

function serverSpans(service, sinceMs, untilMs = Number.MAX_VALUE) {
  return traces
    .filter((trace) => trace.startMs >= sinceMs && trace.startMs <= untilMs)
    .flatMap((trace) => trace.spans)
    .filter((span) => span.kind === 'server' && (service === undefined || span.service === service));
}

const routes = {
  services: () => ({
    services: isEmpty
      ? []
      : services.map(({ name, version, instances }) => ({
          name,
          version,
          instances: instances.map((instance) => ({
            ...instance,
            version,
            lastSeenMs: Date.now() - (instance.state === 'gone' ? 93_000 : 1200),
          })),
          ...figures(serverSpans(name, Date.now() - 60_000), 60),
        })),
  }),
  traces: (query) => ({
    traces: traces
      .filter((trace) => within(query, trace.startMs))
      .filter((trace) => !query.get('service') || trace.spans.some((span) => span.service === query.get('service')))
      .filter((trace) => trace.durationMs >= Number(query.get('minDurationMs') ?? 0))
      .filter((trace) => query.get('error') !== 'true' || trace.spans.some((span) => span.error))
      .filter(
        (trace) => !query.get('q') || JSON.stringify(trace.spans).toLowerCase().includes(query.get('q').toLowerCase()),
      )
      .map(summary)
      .reverse()
      .slice(0, Number(query.get('limit') ?? 50)),
  }),
  logs: (query) => ({
    logs: logs
      .filter(
        (line) =>
          within(query, line.timeMs) &&
          matchesLog(line, query) &&
          line.id < Number(query.get('before') ?? Number.MAX_VALUE),
      )
      .reverse()
      .slice(0, Number(query.get('limit') ?? 200)),
  }),
  map: (query) => {
    const since = Number(query.get('since') ?? Date.now() - 60_000);
    const seconds = (Date.now() - since) / 1000;
    const edges = new Map();
    for (const trace of traces.filter((each) => each.startMs >= since)) {
      const byId = new Map(trace.spans.map((span) => [span.spanId, span]));
      for (const span of trace.spans) {
        const parent = byId.get(span.parentSpanId);
        if (parent === undefined || parent.service === span.service) continue;
        const key = `${parent.service} ${span.service}`;
        edges.set(key, [...(edges.get(key) ?? []), span]);
      }
    }
    return {
      nodes: services
        .map(({ name }) => ({ service: name, ...figures(serverSpans(name, since), seconds) }))
        .filter((node) => node.requestsPerSecond > 0),
      edges: [...edges].map(([key, spans]) => ({
        from: key.split(' ')[0],
        to: key.split(' ')[1],
        ...figures(spans, seconds),
      })),
    };
  },
  rates: (query) => {
    const stepMs = Number(query.get('stepMs') ?? 10_000);
    const until = Number(query.get('until') ?? Date.now());
    const spans = serverSpans(query.get('service') ?? undefined, Number(query.get('since')), until);
    const points = [];
    for (let timeMs = Math.floor(Number(query.get('since')) / stepMs) * stepMs; timeMs < until; timeMs += stepMs) {
      const inStep = spans.filter((span) => span.startMs >= timeMs && span.startMs < timeMs + stepMs);
      points.push({ timeMs, ...figures(inStep, stepMs / 1000) });
    }
    return { points: isEmpty ? [] : points };
  },
  metrics: (query) => (query.get('name') ? metric(query) : { names: isEmpty ? [] : names }),
};

const names = [
  {
    name: 'rpc.server.call.duration',
    type: 'histogram',
    unit: 's',
    description: 'Time from the start of a call to its last byte.',
  },
  {
    name: 'http.server.call.duration',
    type: 'histogram',
    unit: 's',
    description: 'Time from the start of a call to its last byte.',
  },
  {
    name: 'rpc.server.calls.in_flight',
    type: 'gauge',
    unit: '',
    description: 'Calls that have started and not ended.',
  },
  {
    name: 'http.server.calls.in_flight',
    type: 'gauge',
    unit: '',
    description: 'Calls that have started and not ended.',
  },
  { name: 'process.memory.usage', type: 'gauge', unit: 'By', description: 'Resident memory of the process.' },
  {
    name: 'nodejs.eventloop.utilization',
    type: 'gauge',
    unit: '1',
    description: 'Share of time that the event loop was busy.',
  },
  { name: 'live.gifts.sent', type: 'counter', unit: '{gift}', description: 'Gifts sent.' },
];

function metric(query) {
  const about = names.find((each) => each.name === query.get('name')) ?? {
    name: query.get('name'),
    type: 'gauge',
    unit: '',
  };
  const stepMs = Number(query.get('stepMs') ?? 10_000);
  const since = Math.max(Number(query.get('since')), Date.now() - historyMs);
  const until = Number(query.get('until') ?? Date.now());
  const wanted = services.filter(({ name }) => !query.get('service') || name === query.get('service'));
  const series = [];
  for (const { name, instances } of wanted) {
    if (about.name.startsWith('http') && name !== 'gateway') continue;
    if (about.name.startsWith('rpc') && name === 'gateway') continue;
    if (about.name.startsWith('live') && name !== 'gift') continue;
    if (about.type === 'histogram') {
      const spans = serverSpans(name, since, until);
      const methods = [...new Set(spans.map((span) => `${span.name}\n${span.attributes['rpc.code']}`))];
      for (const key of methods) {
        const [method, code] = key.split('\n');
        const histogram = [];
        for (let timeMs = Math.ceil(since / stepMs) * stepMs; timeMs < until; timeMs += stepMs) {
          const inStep = spans.filter(
            (span) =>
              span.name === method &&
              span.attributes['rpc.code'] === code &&
              span.startMs >= timeMs &&
              span.startMs < timeMs + stepMs,
          );
          const { p50Ms, p90Ms, p99Ms } = figures(inStep, 1);
          const sum = inStep.reduce((all, span) => all + span.durationMs / 1000, 0);
          histogram.push([
            timeMs,
            { count: inStep.length, sum, p50: seconds(p50Ms), p90: seconds(p90Ms), p99: seconds(p99Ms) },
          ]);
        }
        series.push({ labels: { method, code }, service: name, instance: instances[0].id, points: [], histogram });
      }
      continue;
    }
    for (const [index, instance] of instances.filter((each) => each.state === 'ready').entries()) {
      const points = [];
      for (let timeMs = Math.ceil(since / stepMs) * stepMs; timeMs < until; timeMs += stepMs)
        points.push([timeMs, invented(about.name, name.length + index, timeMs)]);
      series.push({ labels: {}, service: name, instance: instance.id, points });
    }
  }
  return { ...about, series };
}

function seconds(ms) {
  return ms === null ? null : ms / 1000;
}

function invented(name, seed, timeMs) {
  const wave = 1 + 0.25 * Math.sin(timeMs / 90_000 + seed) + 0.1 * Math.sin(timeMs / 17_000 + seed * 3);
  if (name === 'process.memory.usage') return Math.round((60 + seed * 4) * 1_048_576 * wave);
  if (name === 'nodejs.eventloop.utilization') return 0.08 * wave + 0.01 * seed;
  if (name === 'live.gifts.sent') return 0.6 * wave;
  return Math.round(2 * wave + seed / 4);
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

async function serveFile(path, response) {
  const file = join(dist, normalize(path === '/' ? '/index.html' : path));
  try {
    const body = await readFile(file);
    const policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";
    response
      .writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': policy,
      })
      .end(body);
  } catch {
    answer(response, 404, { code: 'not_found', reason: 'FILE_NOT_FOUND', message: `no file ${path}` });
  }
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  const [, api, name, id] = url.pathname.split('/');
  if (api !== 'api') return void serveFile(url.pathname, response);
  if (name === 'traces' && id !== undefined) {
    const trace = traces.find((each) => each.traceId === id);
    if (trace === undefined)
      return answer(response, 404, { code: 'not_found', reason: 'TRACE_NOT_FOUND', message: `no trace ${id}` });
    return answer(response, 200, trace);
  }
  if (name === 'logs' && id === 'tail') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
    const tail = { response, query: url.searchParams };
    tails.add(tail);
    request.on('close', () => tails.delete(tail));
    return;
  }
  const route = routes[name];
  if (route === undefined)
    return answer(response, 404, { code: 'not_found', reason: 'ROUTE_NOT_FOUND', message: `no route ${url.pathname}` });
  answer(response, 200, route(url.searchParams));
}).listen(port, '127.0.0.1', () => console.log(`mock console: http://127.0.0.1:${port}/`));
