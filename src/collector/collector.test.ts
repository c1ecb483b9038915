import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { background } from '../concurrency/index.ts';
import { createTelemetry } from '../observe/index.ts';
import { createCollector, type LogsAnswer } from './index.ts';
import { logsJson, spanIdOf, traceIdOf, tracesJson } from './testdata/otlp-json.ts';
import { startRig } from './testdata/rig.ts';

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
    const searchableAfterMs = async () => {
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
      return performance.now() - ended;
    };

    // The best of up to five: what other tests do to the machine is not the subject.
    let bestMs = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 5 && bestMs >= 2000; tries++) bestMs = Math.min(bestMs, await searchableAfterMs());
    await telemetry.close(background());

    assert.ok(bestMs < 2000, `${bestMs} ms`);
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
