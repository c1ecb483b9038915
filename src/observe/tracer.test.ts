import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { virtualClock } from '../testing/index.ts';
import { type IdSource, randomIds } from './ids.ts';
import { Batches } from './otlp/batches.ts';
import { attributesOf, bytesOf, type Fields, fieldsOf, hexOf, textOf } from './testdata/wire.ts';
import { createTracer } from './tracer.ts';
import { wallClock } from './wall-clock.ts';

function tracing(options: { readonly sampleRatio?: number; readonly ids?: IdSource; readonly records?: boolean } = {}) {
  const { sampleRatio = 1, ids = randomIds(), records = true } = options;
  const clock = virtualClock();
  let dropped = 0;
  const sink = new Batches({
    clock,
    intervalMs: 1000,
    maxBatchBytes: 1 << 20,
    maxQueueBytes: 1 << 20,
    onSealed: () => {},
    onDropped: (items) => {
      dropped += items;
    },
  });
  const tracer = createTracer({ ids, wall: wallClock(clock), sampleRatio, sink: records ? sink : undefined });
  const spans = (): Fields[] => {
    sink.seal();
    const batch = sink.first();
    if (batch === undefined) return [];
    return (fieldsOf(batch.bytes).get(2) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
  };
  return { clock, tracer, spans, dropped: () => dropped };
}

const parent = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), sampled: true, state: 'vendor=1' };

describe('Tracer', () => {
  it('starts a trace of its own where there is none', () => {
    const { tracer, spans } = tracing();

    const span = tracer.start(background(), 'root');
    span.end();

    const [sent] = spans();
    assert.match(span.context.traceId, /^[0-9a-f]{32}$/);
    assert.deepEqual(
      [hexOf(sent!, 1), hexOf(sent!, 2), sent!.has(4)],
      [span.context.traceId, span.context.spanId, false],
    );
  });

  it("goes on with the caller's trace: same id and state, a new span below its span", () => {
    const { tracer, spans } = tracing();

    const span = tracer.start(withFields(background(), { trace: parent }), 'child', { kind: 'server' });
    span.end();

    const [sent] = spans();
    assert.equal(span.context.traceId, parent.traceId);
    assert.notEqual(span.context.spanId, parent.spanId);
    assert.deepEqual([hexOf(sent!, 4), textOf(sent!, 3), sent!.get(6)], [parent.spanId, 'vendor=1', [2n]]);
  });

  it("keeps the caller's decision not to sample, whatever its own ratio", () => {
    const { tracer, spans } = tracing();

    const span = tracer.start(withFields(background(), { trace: { ...parent, sampled: false } }), 'child');
    span.setAttribute('a', 1);
    span.end();

    assert.deepEqual([span.recording, span.context.sampled, spans().length], [false, false, 0]);
  });

  it('samples new traces by the ratio, and alike for the same id', () => {
    const { tracer } = tracing({ sampleRatio: 0.25 });
    const counts = Array.from({ length: 4000 }, () => tracer.start(background(), 'x').context.sampled).filter(Boolean);
    const low = { traceId: () => '3fffffffffffe'.padStart(32, '0'), spanId: () => '1'.repeat(16) };
    const high = { traceId: () => '4000000000001'.padStart(32, '0'), spanId: () => '1'.repeat(16) };

    assert.ok(counts.length > 800 && counts.length < 1200, `${counts.length} of 4000`);
    assert.equal(tracing({ sampleRatio: 0.25, ids: low }).tracer.start(background(), 'x').context.sampled, true);
    assert.equal(tracing({ sampleRatio: 0.25, ids: high }).tracer.start(background(), 'x').context.sampled, false);
    assert.equal(tracing({ sampleRatio: 0 }).tracer.start(background(), 'x').context.sampled, false);
  });

  it('makes contexts but records nothing without an exporter', () => {
    const { tracer } = tracing({ records: false });

    const span = tracer.start(background(), 'x');

    assert.deepEqual([span.recording, span.context.sampled], [false, true]);
  });

  it('measures by the monotonic clock', async () => {
    const { tracer, spans, clock } = tracing();
    const span = tracer.start(background(), 'x');

    await clock.advance(1500);
    span.end();

    const [sent] = spans();
    const nanos = Number((sent!.get(8)![0] as bigint) - (sent!.get(7)![0] as bigint));
    assert.ok(Math.abs(nanos - 1.5e9) < 1000, `${nanos}`);
  });

  it('gives attributes set later the last word, and hides secrets', () => {
    const { tracer, spans } = tracing();
    const attributes = Object.freeze({ 'rpc.method': 'Get', code: 'unset', token: 'abc' });

    for (const code of ['ok', 'bad']) {
      const span = tracer.start(background(), 'x', { attributes });
      span.setAttribute('code', code);
      span.setAttribute('rows', 3);
      span.end();
    }

    assert.deepEqual(
      spans().map((sent) => attributesOf(sent, 9)),
      ['ok', 'bad'].map((code) => ({ 'rpc.method': 'Get', token: '[redacted]', code, rows: 3 })),
    );
  });

  it('ignores what comes after the end, and a second end', () => {
    const { tracer, spans } = tracing();
    const span = tracer.start(background(), 'x');

    span.end();
    span.setAttribute('late', 1);
    span.addEvent('late');
    span.fail(new Error('late'));
    span.end();

    const [sent, ...rest] = spans();
    assert.deepEqual([rest.length, sent!.has(9), sent!.has(11), sent!.has(15)], [0, false, false, false]);
  });

  it('marks a failure with its message, reason and, for a fault, its chain', () => {
    const { tracer, spans } = tracing();
    const span = tracer.start(background(), 'x', { kind: 'server' });

    span.fail(new TypeError('x is not a function', { cause: new Error('below') }));
    span.end();

    const [sent] = spans();
    const status = fieldsOf(bytesOf(sent!, 15));
    const event = fieldsOf(bytesOf(sent!, 11));
    assert.deepEqual([textOf(status, 2), status.get(3)], ['x is not a function', [2n]]);
    assert.equal(textOf(event, 2), 'exception');
    assert.match(String(attributesOf(event, 3)['exception.stacktrace']), /TypeError[\s\S]*caused by: Error: below/);
  });

  it("does not count a caller's mistake as the server's failure, but as the client's", () => {
    for (const [kind, isFailed] of [
      ['server', false],
      ['client', true],
    ] as const) {
      const { tracer, spans } = tracing();
      const span = tracer.start(background(), 'x', { kind });

      span.fail(new StatusError('not_found', 'no such room', { reason: 'NO_ROOM' }));
      span.end();

      const [sent] = spans();
      assert.deepEqual(
        [sent!.has(15), sent!.has(11), attributesOf(sent!, 9)],
        [isFailed, false, { 'error.type': 'NO_ROOM' }],
      );
    }
  });

  it('bounds attributes and events, and counts what it left out', () => {
    const { tracer, spans } = tracing();
    const span = tracer.start(background(), 'x');

    for (let i = 0; i < 200; i++) {
      span.setAttribute(`a${i}`, 'v'.repeat(i === 0 ? 1e6 : 1));
      span.addEvent(`e${i}`);
    }
    span.end();

    const [sent] = spans();
    assert.deepEqual(
      [sent!.get(9)!.length, sent!.get(10), sent!.get(11)!.length, sent!.get(12)],
      [128, [72n], 128, [72n]],
    );
    assert.ok(String(attributesOf(sent!, 9).a0).length < 5000);
  });

  it('drops, and counts, a span whose attributes are no attributes', () => {
    const { tracer, spans, dropped } = tracing();

    tracer.start(background(), 'bad', { attributes: { a: undefined as unknown as string } }).end();
    tracer.start(background(), 'good').end();

    assert.deepEqual([spans().map((sent) => textOf(sent, 5)), dropped()], [['good'], 1]);
  });
});
