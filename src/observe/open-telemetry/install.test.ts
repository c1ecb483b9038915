import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { fieldsOf, withFields } from '../../call/index.ts';
import { background, current, runWith, sleep } from '../../concurrency/index.ts';
import { createTelemetry, type Telemetry, withTelemetry } from '../index.ts';
import { type OtlpReceiver, otlpReceiver } from '../testdata/otlp-receiver.ts';
import {
  attributesOf,
  bytesOf,
  type Fields,
  hexOf,
  messageAt,
  fieldsOf as readFields,
  textOf,
} from '../testdata/wire.ts';
import { installOpenTelemetry } from './index.ts';

describe('the OpenTelemetry bridge', () => {
  let receiver: OtlpReceiver;
  let telemetry: Telemetry;
  let uninstall: () => void;
  before(async () => {
    receiver = await otlpReceiver();
    uninstall = installOpenTelemetry();
  });
  beforeEach(() => {
    const resource = { service: 'room', version: '1', instance: 'room-1' };
    telemetry = createTelemetry({ resource, otlpEndpoint: receiver.url, write: () => {}, runtimeMetrics: false });
  });
  after(async () => {
    uninstall();
    await receiver[Symbol.asyncDispose]();
  });

  async function sentSpans(): Promise<Map<string, Fields>> {
    const before = receiver.received.length;
    await telemetry.close(background());
    const requests = receiver.received.slice(before).filter(({ path }) => path === '/v1/traces');
    const spans = requests.flatMap(({ body }) => (messageAt(body, 1, 2).get(2) ?? []) as Uint8Array[]);
    return new Map(spans.map((span) => [textOf(readFields(span), 5), readFields(span)]));
  }

  it("makes a library's span a child of the call's, and what it calls a child of its own", async () => {
    const ours = telemetry.tracer.start(background(), 'call', { kind: 'server' });
    const ctx = withFields(withTelemetry(background(), telemetry), { trace: ours.context });

    await runWith(ctx, () =>
      trace
        .getTracer('driver')
        .startActiveSpan(
          'query',
          { kind: SpanKind.CLIENT, attributes: { list: ['a'], 'db.name': 'live' } },
          async (span) => {
            await sleep(background(), 1);
            const inner = telemetry.tracer.start(current(), 'inner');
            inner.end();
            span.setStatus({ code: SpanStatusCode.ERROR, message: 'locked' }).addEvent('retry', { n: 1 });
            span.end();
          },
        ),
    );
    ours.end();

    const spans = await sentSpans();
    const [call, query, inner] = ['call', 'query', 'inner'].map((name) => spans.get(name)!) as [Fields, Fields, Fields];
    assert.equal(hexOf(query, 4), hexOf(call, 2));
    assert.equal(hexOf(inner, 4), hexOf(query, 2));
    assert.equal(hexOf(inner, 1), hexOf(call, 1));
    assert.deepEqual(attributesOf(query, 9), { list: '["a"]', 'db.name': 'live', 'error.type': 'ERROR' });
    assert.deepEqual([query.get(6), textOf(readFields(bytesOf(query, 15)), 2)], [[3n], 'locked']);
  });

  it('starts a trace of its own where it is told to, or where there is none', async () => {
    const ctx = withTelemetry(background(), telemetry);
    const spans = runWith(ctx, () => {
      const tracer = trace.getTracer('driver');
      return [
        tracer.startSpan('one'),
        tracer.startActiveSpan('two', () => tracer.startSpan('three', { root: true, links: [] })),
      ];
    });

    const [one, three] = spans.map((span) => span.spanContext().traceId);
    assert.notEqual(one, three);
    assert.equal(trace.isSpanContextValid(spans[0]!.spanContext()), true);
    await telemetry.close(background());
  });

  it('carries a bound function with its context, and values of its own', () => {
    const key = Symbol('key');
    const bound = context.bind(context.active().setValue(key, 7), () => context.active().getValue(key));

    assert.equal(bound(), 7);
    assert.equal(context.active().getValue(key), undefined);
    assert.equal(fieldsOf(current()).trace, undefined);
  });

  it('is refused while another is installed', () => {
    assert.throws(() => installOpenTelemetry(), { name: 'TypeError', message: /registered already/ });
  });
});
