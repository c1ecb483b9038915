/** Short ways to say OTLP in JSON. */

export interface SpanSay {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  /** Number of SpanKind. Default: 2, server. */
  readonly kind?: number;
  readonly startMs?: number;
  readonly durationMs?: number;
  readonly isError?: boolean;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

export interface LogSay {
  readonly message: string;
  readonly timeMs?: number;
  /** Number of Severity. Default: 9, info. */
  readonly severity?: number;
  readonly traceId?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

export function traceIdOf(n: number): string {
  return n.toString(16).padStart(32, '0');
}

export function spanIdOf(n: number): string {
  return n.toString(16).padStart(16, '0');
}

export function tracesJson(service: string, spans: readonly SpanSay[]): unknown {
  return { resourceSpans: [{ resource: resourceOf(service), scopeSpans: [{ spans: spans.map(spanJson) }] }] };
}

export function logsJson(service: string, logs: readonly LogSay[]): unknown {
  return { resourceLogs: [{ resource: resourceOf(service), scopeLogs: [{ logRecords: logs.map(logJson) }] }] };
}

export function metricsJson(service: string, metrics: readonly unknown[]): unknown {
  return { resourceMetrics: [{ resource: resourceOf(service), scopeMetrics: [{ metrics }] }] };
}

export function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}

export function keyValues(attributes: Readonly<Record<string, string | number | boolean>>): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function resourceOf(service: string): unknown {
  const attributes = { 'service.name': service, 'service.version': '1.0.0', 'service.instance.id': `${service}-1` };
  return { attributes: keyValues(attributes) };
}

function spanJson(span: SpanSay): unknown {
  const { startMs = Date.now(), durationMs = 10, kind = 2, name = 'GET /', isError = false, attributes = {} } = span;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name,
    kind,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + durationMs),
    attributes: keyValues(attributes),
    status: isError ? { code: 2, message: 'failed' } : {},
  };
}

function logJson({ message, timeMs = Date.now(), severity = 9, traceId, attributes = {} }: LogSay): unknown {
  return {
    timeUnixNano: nanos(timeMs),
    severityNumber: severity,
    body: { stringValue: message },
    attributes: keyValues(attributes),
    ...(traceId !== undefined && { traceId, spanId: spanIdOf(1) }),
  };
}

function anyValue(value: string | number | boolean): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
