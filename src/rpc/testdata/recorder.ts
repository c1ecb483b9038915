import { fieldsOf } from '../../call/index.ts';
import { type LogFields, noTelemetry, type Span, type SpanKind, type Telemetry } from '../../observe/index.ts';

export interface RecordedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  failure: unknown;
  ended: boolean;
}

/** Telemetry that keeps spans and log lines for a test to read. */
export interface Recorder {
  readonly telemetry: Telemetry;
  readonly spans: RecordedSpan[];
  readonly lines: { readonly message: string; readonly fields: LogFields }[];
}

export function createRecorder(service: string): Recorder {
  const spans: RecordedSpan[] = [];
  const lines: { message: string; fields: LogFields }[] = [];
  let made = 0;
  const telemetry: Telemetry = {
    ...noTelemetry,
    resource: { service, version: '1', instance: `${service}-1` },
    log: { ...noTelemetry.log, log: (_ctx, _level, message, fields = {}) => lines.push({ message, fields }) },
    tracer: {
      start(ctx, name, options = {}): Span {
        const parent = fieldsOf(ctx).trace;
        const hex = Buffer.from(`${service}${++made}`).toString('hex');
        const recorded: RecordedSpan = {
          name,
          kind: options.kind ?? 'internal',
          traceId: parent?.traceId ?? hex.padStart(32, 'a').slice(-32),
          spanId: hex.padStart(16, 'b').slice(-16),
          parentSpanId: parent?.spanId,
          failure: undefined,
          ended: false,
        };
        spans.push(recorded);
        return {
          context: { traceId: recorded.traceId, spanId: recorded.spanId, sampled: true, state: '' },
          recording: true,
          setAttribute() {},
          addEvent() {},
          fail(error) {
            recorded.failure = error;
          },
          end() {
            recorded.ended = true;
          },
        };
      },
    },
  };
  return { telemetry, spans, lines };
}
