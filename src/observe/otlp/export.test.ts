import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, rootContext } from '../../concurrency/index.ts';
import { type VirtualClock, virtualClock } from '../../testing/index.ts';
import { createTelemetry, type Telemetry, type TelemetryOptions } from '../index.ts';
import { type OtlpReceiver, otlpReceiver } from '../testdata/otlp-receiver.ts';
import { attributesOf, bytesOf, doubleOf, type Fields, fieldsOf, hexOf, messageAt, textOf } from '../testdata/wire.ts';

const resource = { service: 'room', version: '1.0.0', instance: 'room-1' };

interface Rig extends AsyncDisposable {
  readonly receiver: OtlpReceiver;
  readonly clock: VirtualClock;
  readonly telemetry: Telemetry;
  readonly lines: string[];
}

async function rig(options: Partial<TelemetryOptions> = {}): Promise<Rig> {
  const receiver = await otlpReceiver();
  const clock = virtualClock();
  const lines: string[] = [];
  const telemetry = createTelemetry({
    resource,
    clock,
    otlpEndpoint: receiver.url,
    runtimeMetrics: false,
    metricsIntervalMs: 1e9,
    write: (line) => void lines.push(line),
    ...options,
  });
  return { receiver, clock, telemetry, lines, [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose]() };
}

function emitSpan({ telemetry }: Rig, name = 'GET /v1/rooms/:id'): void {
  telemetry.tracer.start(background(), name, { kind: 'server' }).end();
}

/** The answer to a request is on its way while the virtual clock stands: lets the sender take it. */
async function taken(rig: Rig, text: RegExp): Promise<void> {
  while (!text.test(rig.telemetry.prometheus())) await new Promise((resolve) => setImmediate(resolve));
}

function itemsOf(body: Uint8Array): Fields[] {
  return (messageAt(body, 1, 2).get(2) ?? []).map((item) => fieldsOf(item as Uint8Array));
}

describe('the OTLP export', () => {
  it('sends spans one second after the first of them, with resource and scope', async () => {
    await using it = await rig();
    emitSpan(it, 'first');
    emitSpan(it, 'second');

    await it.clock.advance(999);
    assert.equal(it.receiver.received.length, 0);
    await it.clock.advance(1);
    await it.receiver.count(1);

    const [request] = it.receiver.received;
    assert.deepEqual(
      [request!.path, request!.headers['content-type'], request!.headers.traceparent],
      ['/v1/traces', 'application/x-protobuf', undefined],
    );
    const {
      'service.name': name,
      'service.version': version,
      'service.instance.id': id,
    } = attributesOf(messageAt(request!.body, 1, 1), 1);
    assert.deepEqual([name, version, id], ['room', '1.0.0', 'room-1']);
    assert.equal(textOf(messageAt(request!.body, 1, 2, 1), 1), 'flotilla');
    assert.deepEqual(
      itemsOf(request!.body).map((span) => textOf(span, 5)),
      ['first', 'second'],
    );
  });

  it('sends log lines with level, body, attributes and trace', async () => {
    await using it = await rig();
    const span = it.telemetry.tracer.start(background(), 'x');
    const { withFields } = await import('../../call/index.ts');
    it.telemetry.log.warn(withFields(background(), { trace: span.context, tenant: 'acme' }), 'slow room', {
      room: 'r-7',
      tries: -3,
      share: 0.5,
      open: true,
      tags: ['a', 1],
      host: { name: 'ann' },
    });

    await it.telemetry.flush(background());

    const request = it.receiver.received.find(({ path }) => path === '/v1/logs');
    const [line] = itemsOf(request!.body);
    assert.deepEqual(
      [line!.get(2), textOf(line!, 3), textOf(fieldsOf(bytesOf(line!, 5)), 1)],
      [[13n], 'warn', 'slow room'],
    );
    assert.deepEqual(attributesOf(line!, 6), {
      room: 'r-7',
      tries: -3,
      share: 0.5,
      open: true,
      tags: ['a', 1],
      host: { name: 'ann' },
      tenant: 'acme',
    });
    assert.deepEqual([hexOf(line!, 9), hexOf(line!, 10)], [span.context.traceId, span.context.spanId]);
  });

  it('sends counters, gauges and histograms, cumulative, at each interval', async () => {
    await using it = await rig({ metricsIntervalMs: 5000 });
    it.telemetry.metrics
      .counter('gifts', { unit: '{gift}', description: 'Gifts.', labels: ['gift'] })
      .with({ gift: 'rose' })
      .add(2);
    it.telemetry.metrics.gauge('open').with().set(-1);
    const waits = it.telemetry.metrics.histogram('wait', { unit: 's', bounds: [1, 2] }).with();
    for (const value of [0.5, 1.5, 9]) waits.record(value);

    await it.clock.advance(5000);
    await it.receiver.count(1);

    const [request] = it.receiver.received;
    assert.equal(request!.path, '/v1/metrics');
    const byName = new Map(itemsOf(request!.body).map((metric) => [textOf(metric, 1), metric]));
    const gifts = byName.get('gifts')!;
    const sum = fieldsOf(bytesOf(gifts, 7));
    const point = fieldsOf(bytesOf(sum, 1));
    assert.deepEqual([textOf(gifts, 2), textOf(gifts, 3), sum.get(2), sum.get(3)], ['Gifts.', '{gift}', [2n], [1n]]);
    assert.deepEqual([doubleOf(point, 4), attributesOf(point, 7)], [2, { gift: 'rose' }]);
    assert.equal(Number(point.get(3)![0]) - Number(point.get(2)![0]), 5e9);
    assert.equal(doubleOf(fieldsOf(bytesOf(fieldsOf(bytesOf(byName.get('open')!, 5)), 1)), 4), -1);
    const histogram = fieldsOf(bytesOf(byName.get('wait')!, 9));
    const observed = fieldsOf(bytesOf(histogram, 1));
    assert.deepEqual([histogram.get(2), observed.get(4), doubleOf(observed, 5)], [[2n], [3n], 11]);
    assert.deepEqual([...new BigUint64Array(bytesOf(observed, 6).slice().buffer)], [1n, 1n, 1n]);
    assert.deepEqual([...new Float64Array(bytesOf(observed, 7).slice().buffer)], [1, 2]);
  });

  it('tries again after 503 with a backoff, and says so once', async () => {
    await using it = await rig();
    it.receiver.answerWith({ status: 503 });
    emitSpan(it);

    await it.clock.advance(1000);
    await it.receiver.count(1);
    while (it.lines.length === 0) await it.clock.advance(0);
    await it.clock.advance(1000);
    await it.receiver.count(2);

    await taken(it, /telemetry_exported_total\{signal="traces"\} 1\n/);
    const notes = it.lines.map((line) => (JSON.parse(line) as { message: string }).message);
    assert.match(
      notes.join('\n'),
      /^telemetry traces cannot be sent to http:\S+: HTTP status 503;[^\n]*\ntelemetry traces arrive at \S+ again$/,
    );
  });

  it('counts what the receiver rejected of a batch it took', async () => {
    await using it = await rig();
    // ExportTraceServiceResponse { partial_success { rejected_spans: 1, error_message: "x" } }
    const body = Uint8Array.fromHex('0a050801120178');
    it.receiver.answerWith({ status: 200, body });
    emitSpan(it);
    emitSpan(it);

    await it.clock.advance(1000);

    await taken(it, /dropped_total\{signal="traces",reason="rejected"\} 1\n/);
    assert.match(it.telemetry.prometheus(), /exported_total\{signal="traces"\} 1\n/);
  });

  it('drops, and counts, what exceeds the queue while the receiver is away', async () => {
    await using it = await rig({ maxQueueBytes: 2000, otlpEndpoint: 'http://127.0.0.1:1' });

    for (let i = 0; i < 100; i++) emitSpan(it);

    const dropped = Number(
      /dropped_total\{signal="traces",reason="queue_full"\} (\d+)/.exec(it.telemetry.prometheus())?.[1],
    );
    assert.ok(dropped > 50 && dropped < 100, `${dropped}`);
  });

  it('gives up a flush at its deadline, and counts what it lost', async () => {
    await using it = await rig();
    it.receiver.answerWith({ status: 200, hang: true });
    emitSpan(it);
    using ctx = rootContext(it.clock).withTimeout(100);

    const flushed = it.telemetry.flush(ctx);
    await it.receiver.count(1);
    await it.clock.advance(100);
    await flushed;

    assert.match(it.telemetry.prometheus(), /dropped_total\{signal="traces",reason="flush_timeout"\} 1\n/);
  });

  it('sends what is buffered at close, then drops', async () => {
    await using it = await rig();
    emitSpan(it, 'last');

    await it.telemetry.close(background());
    emitSpan(it, 'late');
    await it.clock.advance(10_000);

    const spans = it.receiver.received.filter(({ path }) => path === '/v1/traces');
    assert.deepEqual(
      spans.map(({ body }) => textOf(itemsOf(body)[0]!, 5)),
      ['last'],
    );
  });
});
