import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { withFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { createTelemetry, type Telemetry } from '../observe/index.ts';
import type { LogsAnswer, MapAnswer, MetricAnswer, RatePoint, ServicesAnswer, Trace, TraceSummary } from './index.ts';
import { createCollector } from './index.ts';
import { keyValues, logsJson, metricsJson, nanos, spanIdOf, traceIdOf, tracesJson } from './testdata/otlp-json.ts';
import { type Rig, startRig } from './testdata/rig.ts';

/** gateway → room, as the chains of two services emit it. */
function emitCall(gateway: Telemetry, room: Telemetry, error?: StatusError): string {
  const root = gateway.tracer.start(background(), 'GET /v1/rooms/:id', { kind: 'server' });
  const inGateway = withFields(background(), { trace: root.context });
  const asked = gateway.tracer.start(inGateway, 'live.room.v1.RoomService/GetRoom', { kind: 'client' });
  const inRoom = withFields(background(), { trace: asked.context });
  const answered = room.tracer.start(inRoom, 'live.room.v1.RoomService/GetRoom', { kind: 'server' });
  room.log.info(withFields(inRoom, { trace: answered.context }), 'room read', { room: 'r-7' });
  if (error !== undefined) answered.fail(error);
  for (const span of [answered, asked, root]) span.end();
  return root.context.traceId;
}

describe('a trace over two services', () => {
  it('is found whole, with the parentage that the spans have', async () => {
    await using rig = await startRig();
    const [gateway, room] = [rig.telemetry('gateway'), rig.telemetry('room')];
    const traceId = emitCall(gateway, room);
    await Promise.all([gateway.close(background()), room.close(background())]);

    const trace = await rig.get<Trace>(`/api/traces/${traceId}`);

    const names = new Map(trace.spans.map((span) => [span.spanId, `${span.service} ${span.kind}`]));
    const parents = trace.spans.map((span) => [names.get(span.spanId), names.get(span.parentSpanId ?? '') ?? null]);
    assert.deepEqual(parents.sort(), [
      ['gateway client', 'gateway server'],
      ['gateway server', null],
      ['room server', 'gateway client'],
    ]);
    assert.ok(trace.spans.every((span) => span.startMs >= trace.startMs && span.durationMs <= trace.durationMs));
  });

  it('is listed by service, error, duration and words', async () => {
    await using rig = await startRig();
    const at = 1_700_000_000_000;
    const root = (n: number, name: string) => ({
      traceId: traceIdOf(n),
      spanId: spanIdOf(n),
      name,
      startMs: at + n,
      durationMs: n,
    });
    await rig.post(
      'traces',
      tracesJson('gateway', [root(1, 'GET /a'), root(2, 'POST /b'), { ...root(300, 'GET /a'), isError: true }]),
    );
    const child = {
      traceId: traceIdOf(2),
      spanId: spanIdOf(20),
      parentSpanId: spanIdOf(2),
      startMs: at + 2,
      durationMs: 1,
    };
    await rig.post('traces', tracesJson('gift', [{ ...child, name: 'live.gift.v1.GiftService/Send' }]));

    const found = async (query: string) => {
      const { traces } = await rig.get<{ traces: TraceSummary[] }>(`/api/traces?${query}`);
      return traces.map(({ traceId }) => Number.parseInt(traceId, 16));
    };

    assert.deepEqual(await found(''), [300, 2, 1]);
    assert.deepEqual(await found('service=gift'), [2]);
    assert.deepEqual(await found('service=gif'), []);
    assert.deepEqual(await found('error=true'), [300]);
    assert.deepEqual(await found('error=false'), [2, 1]);
    assert.deepEqual(await found('minDurationMs=2'), [300, 2]);
    assert.deepEqual(await found('q=giftservice'), [2]);
    assert.deepEqual(await found('q=get+/a'), [300, 1]);
    assert.deepEqual(await found(`q=${traceIdOf(1)}`), [1]);
    assert.deepEqual(await found(`since=${at + 2}&until=${at + 2}`), [2]);
    assert.deepEqual(await found('limit=1'), [300]);
  });

  it('is drawn on the map, and counted in services and rates', async () => {
    await using rig = await startRig();
    const [gateway, room] = [rig.telemetry('gateway'), rig.telemetry('room')];
    for (let i = 0; i < 3; i++) emitCall(gateway, room);
    emitCall(gateway, room, new StatusError('internal', 'boom'));
    await Promise.all([gateway.close(background()), room.close(background())]);

    const map = await rig.get<MapAnswer>('/api/map');
    const { services } = await rig.get<ServicesAnswer>('/api/services');
    const { points } = await rig.get<{ points: RatePoint[] }>(
      `/api/rates?service=room&since=${Date.now() - 60_000}&stepMs=60000`,
    );

    assert.deepEqual(
      map.edges.map(({ from, to, errorRate }) => [from, to, errorRate]),
      [['gateway', 'room', 0.25]],
    );
    assert.deepEqual(map.nodes.map(({ service, errorRate }) => [service, errorRate]).sort(), [
      ['gateway', 0],
      ['room', 0.25],
    ]);
    assert.deepEqual(
      services.map(({ name, version, errorRate }) => [name, version, errorRate]),
      [
        ['gateway', '1.0.0', 0],
        ['room', '1.0.0', 0.25],
      ],
    );
    assert.ok(services.every(({ requestsPerSecond, p99Ms }) => requestsPerSecond > 0 && Number(p99Ms) > 0));
    assert.ok(Math.abs(points.reduce((sum, point) => sum + point.requestsPerSecond * 60, 0) - 4) < 0.01);
  });
});

describe('log lines', () => {
  it('are found by words, phrases, attributes, service, level, trace and time, newest first', async () => {
    await using rig = await startRig();
    const at = 1_700_000_000_000;
    const lines = [
      { message: 'room opened', timeMs: at, severity: 9, attributes: { room: 'r-7' } },
      {
        message: 'gift refused: room closed',
        timeMs: at + 1,
        severity: 13,
        attributes: { room: 'r-8', code: 'failed_precondition' },
      },
      { message: 'Opened the café', timeMs: at + 2, severity: 17, traceId: traceIdOf(9) },
    ];
    await rig.post('logs', logsJson('room', lines));
    await rig.post('logs', logsJson('gift', [{ message: 'gift sent', timeMs: at + 3, severity: 5 }]));

    const found = async (query: string) =>
      (await rig.get<LogsAnswer>(`/api/logs?${query}`)).logs.map(({ message }) => message);

    assert.deepEqual(await found(''), ['gift sent', 'Opened the café', 'gift refused: room closed', 'room opened']);
    assert.deepEqual(await found('q=opened'), ['Opened the café', 'room opened']);
    assert.deepEqual(await found('q="room+opened"'), ['room opened']);
    assert.deepEqual(await found('q=cafe'), ['Opened the café']);
    assert.deepEqual(await found('q=room:r-8'), ['gift refused: room closed']);
    assert.deepEqual(await found('q=code:failed*+gift'), ['gift refused: room closed']);
    assert.deepEqual(await found('service=gift'), ['gift sent']);
    assert.deepEqual(await found('level=warn'), ['Opened the café', 'gift refused: room closed']);
    assert.deepEqual(await found(`trace=${traceIdOf(9)}`), ['Opened the café']);
    assert.deepEqual(await found(`since=${at + 1}&until=${at + 2}&limit=1`), ['Opened the café']);
    const all = await rig.get<LogsAnswer>('/api/logs');
    assert.deepEqual(await found(`before=${all.logs[2]!.id}`), ['room opened']);
    const { id: _, ...shown } = all.logs[1]!;
    assert.deepEqual(shown, {
      timeMs: at + 2,
      level: 'error',
      service: 'room',
      instance: 'room-1',
      message: 'Opened the café',
      traceId: traceIdOf(9),
      spanId: spanIdOf(1),
      attributes: {},
    });
  });
});

describe('metrics', () => {
  const start = Math.floor(Date.now() / 10_000) * 10_000 - 60_000;
  const point = (seconds: number, rest: object) => ({
    startTimeUnixNano: nanos(start),
    timeUnixNano: nanos(start + seconds * 1000),
    ...rest,
  });
  const ask = (rig: Rig, name: string, more = '') =>
    rig.get<MetricAnswer>(`/api/metrics?name=${name}&since=${start}&until=${start + 39_999}&stepMs=10000${more}`);

  it('of a gauge are its values, held while it does not change', async () => {
    await using rig = await startRig();
    const dataPoints = [point(1, { asDouble: 5 }), point(11, { asDouble: 7 }), point(31, { asDouble: 2 })];
    await rig.post('metrics', metricsJson('room', [{ name: 'open', unit: '{room}', gauge: { dataPoints } }]));

    const { type, unit, series } = await ask(rig, 'open');

    assert.deepEqual([type, unit], ['gauge', '{room}']);
    assert.deepEqual(
      series[0]!.points.map(([, value]) => value),
      [5, 7, 7, 2],
    );
  });

  it('of a counter are what it grew per second, from zero and over a restart', async () => {
    await using rig = await startRig();
    const sum = (seconds: number, asInt: string) => ({
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [point(seconds, { asInt, attributes: keyValues({ gift: 'rose' }) })],
    });
    for (const [seconds, value] of [
      [1, '20'],
      [11, '50'],
      [21, '10'],
      [31, '10'],
    ] as const) {
      await rig.post('metrics', metricsJson('gift', [{ name: 'sent', sum: sum(seconds, value) }]));
    }

    const { unit, series } = await ask(rig, 'sent');

    assert.deepEqual([unit, series[0]!.labels, series[0]!.instance], ['/s', { gift: 'rose' }, 'gift-1']);
    assert.deepEqual(
      series[0]!.points.map(([, value]) => value),
      [2, 3, 1, 0],
    );
  });

  it('of a histogram are count, sum and percentiles of each step', async () => {
    await using rig = await startRig();
    const at = (seconds: number, bucketCounts: string[], total: number) => ({
      aggregationTemporality: 2,
      dataPoints: [
        point(seconds, {
          count: String(bucketCounts.reduce((all, n) => all + Number(n), 0)),
          sum: total,
          bucketCounts,
          explicitBounds: [1, 2],
        }),
      ],
    });
    await rig.post(
      'metrics',
      metricsJson('room', [{ name: 'wait', unit: 's', histogram: at(1, ['10', '0', '0'], 5) }]),
    );
    await rig.post(
      'metrics',
      metricsJson('room', [{ name: 'wait', unit: 's', histogram: at(11, ['10', '10', '0'], 20) }]),
    );

    const { type, series } = await ask(rig, 'wait');

    assert.equal(type, 'histogram');
    assert.deepEqual(
      series[0]!.histogram!.slice(0, 3).map(([, step]) => step),
      [
        { count: 10, sum: 5, p50: 0.5, p90: 0.9, p99: 0.99 },
        { count: 10, sum: 15, p50: 1.5, p90: 1.9, p99: 1.99 },
        { count: 0, sum: 0, p50: null, p90: null, p99: null },
      ],
    );
    assert.deepEqual(
      series[0]!.points.slice(0, 2).map(([, rate]) => rate),
      [1, 1],
    );
  });

  it('are listed by name, and asked for by service', async () => {
    await using rig = await startRig();
    const gauge = { dataPoints: [point(1, { asInt: 1 })] };
    await rig.post(
      'metrics',
      metricsJson('room', [
        { name: 'b', description: 'B.', gauge },
        { name: 'a', unit: 's', gauge },
      ]),
    );
    await rig.post('metrics', metricsJson('gift', [{ name: 'a', unit: 's', gauge }]));

    const all = await rig.get<{ names: unknown[] }>('/api/metrics');

    assert.deepEqual(all.names, [
      { name: 'a', type: 'gauge', unit: 's', description: '' },
      { name: 'b', type: 'gauge', unit: '', description: 'B.' },
    ]);
    assert.deepEqual(
      (await rig.get<{ names: { name: string }[] }>('/api/metrics?service=gift')).names.map(({ name }) => name),
      ['a'],
    );
    assert.equal((await ask(rig, 'a')).series.length, 2);
    assert.equal((await ask(rig, 'a', '&service=gift')).series.length, 1);
    assert.deepEqual((await ask(rig, 'nosuch')).series, []);
  });
});

describe('the collector', () => {
  it('takes protobuf and JSON, plain and gzip', async () => {
    await using rig = await startRig();
    const body = JSON.stringify(logsJson('room', [{ message: 'zipped' }]));
    const headers = { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' };

    const response = await fetch(`${rig.url}/v1/logs`, { method: 'POST', headers, body: gzipSync(body) });

    assert.deepEqual([response.status, await response.json()], [200, {}]);
    assert.equal((await rig.get<LogsAnswer>('/api/logs?q=zipped')).logs.length, 1);
  });

  it('says what of a request it could not take, in the encoding of the request', async () => {
    await using rig = await startRig();
    const spans = [{ traceId: traceIdOf(0), spanId: spanIdOf(1) }];
    const body = JSON.stringify(tracesJson('room', spans));
    const asJson = await fetch(`${rig.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    // ResourceSpans { ScopeSpans { Span { name: "x" } } }
    const bytes = Uint8Array.fromHex('0a07' + '1205' + '1203' + '2a0178');
    const protobuf = await fetch(`${rig.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: bytes,
    });

    const why = 'span "GET /" has no trace id of 16 bytes';
    assert.deepEqual(await asJson.json(), { partialSuccess: { rejectedSpans: '1', errorMessage: why } });
    assert.equal(protobuf.headers.get('content-type'), 'application/x-protobuf');
    const text = Buffer.from('span "x" has no trace id of 16 bytes');
    const partial = Buffer.concat([Buffer.from([0x08, 1, 0x12, text.length]), text]);
    assert.deepEqual(
      Buffer.from(await protobuf.arrayBuffer()),
      Buffer.concat([Buffer.from([0x0a, partial.length]), partial]),
    );
  });

  it('keeps what it has across a restart', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-collector-'));
    t.after(() => rmSync(dataDir, { recursive: true, force: true }));
    const first = await startRig({ dataDir });
    await first.post('logs', logsJson('room', [{ message: 'before' }]));
    await first.stop();

    await using second = await startRig({ dataDir });

    assert.deepEqual(
      (await second.get<LogsAnswer>('/api/logs')).logs.map(({ message }) => message),
      ['before'],
    );
  });

  it('starts afresh beside a damaged file, and says so', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-collector-'));
    t.after(() => rmSync(dataDir, { recursive: true, force: true }));
    writeFileSync(join(dataDir, 'telemetry-000001.db'), 'garbage '.repeat(1000));

    await using rig = await startRig({ dataDir });

    assert.deepEqual((await rig.get<LogsAnswer>('/api/logs')).logs, []);
    assert.match(rig.lines.join(''), /"level":"warn".*telemetry-000001\.db is damaged.*moved to/);
  });

  it('says why it cannot open its directory', async () => {
    const collector = createCollector({ dataDir: '/dev/null/telemetry', port: 0 });

    await assert.rejects(Promise.resolve(collector.start(background())), { code: 'internal', reason: 'STORE_FAILED' });
    await collector.stop(background());
  });

  it('does not trace or log its own requests', async () => {
    await using rig = await startRig();

    await rig.get('/api/logs');
    await fetch(`${rig.url}/api/logs?limit=x`);

    assert.deepEqual(rig.lines, []);
  });

  it('serves a folder beside its routes', async (t) => {
    const staticDir = mkdtempSync(join(tmpdir(), 'flotilla-console-'));
    t.after(() => rmSync(staticDir, { recursive: true, force: true }));
    writeFileSync(join(staticDir, 'index.html'), '<title>console</title>');

    await using rig = await startRig({ staticDir });

    for (const path of ['/', '/traces/abc']) assert.match(await (await fetch(rig.url + path)).text(), /console/);
    await rig.get('/api/logs');
  });

  it('is searchable within two seconds of the end of a span', async () => {
    await using rig = await startRig();
    const telemetry = rig.telemetry('room');
    const ended = performance.now();
    const span = telemetry.tracer.start(background(), 'x');
    span.end();

    let status = 404;
    while (status === 404 && performance.now() - ended < 10_000) {
      const response = await fetch(`${rig.url}/api/traces/${span.context.traceId}`);
      await response.arrayBuffer();
      status = response.status;
    }

    assert.equal(status, 200);
    assert.ok(performance.now() - ended < 2000, `${performance.now() - ended} ms`);
    await telemetry.close(background());
  });

  it('tells senders to wait when it cannot keep up', async () => {
    await using rig = await startRig({ maxQueuedRequests: 1 });
    const message = logsJson(
      'room',
      Array.from({ length: 2000 }, (_, i) => ({ message: `line ${i}` })),
    );
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(message) };

    const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(`${rig.url}/v1/logs`, request)));

    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0 && refused.length < 12, `${refused.length} refused`);
    assert.equal(refused[0]!.headers.get('retry-after'), '1');
    assert.equal(((await refused[0]!.json()) as { reason: string }).reason, 'INGEST_QUEUE_FULL');
  });

  it('takes an exporter that retries: nothing is lost while it is away', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-collector-'));
    t.after(() => rmSync(dataDir, { recursive: true, force: true }));
    const first = await startRig({ dataDir });
    const port = Number(new URL(first.url).port);
    await first.stop();
    const telemetry = createTelemetry({
      resource: { service: 'room', version: '1', instance: 'room-1' },
      otlpEndpoint: first.url,
      write: () => {},
      runtimeMetrics: false,
    });
    telemetry.log.info(background(), 'while it was away');
    const flushed = telemetry.flush(background());

    await using second = await startRig({ dataDir, port });
    await flushed;

    assert.equal((await second.get<LogsAnswer>('/api/logs?q=away')).logs.length, 1);
    await telemetry.close(background());
  });
});
