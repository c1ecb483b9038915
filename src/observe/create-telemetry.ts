import { type Clock, type Context, systemClock } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { randomIds } from './ids.ts';
import { jsonLines, prettyLines } from './log-line.ts';
import { LineLogger } from './logger.ts';
import { MetricsRegistry } from './metrics.ts';
import { type OtlpExport, otlpExport } from './otlp/export.ts';
import { formatPrometheus } from './prometheus.ts';
import { observeRuntime } from './runtime-metrics.ts';
import { type LineSink, stdoutLines } from './stdout.ts';
import { type Counter, type Level, levels, type Resource, type Telemetry } from './telemetry.ts';
import { createTracer } from './tracer.ts';
import { wallClock } from './wall-clock.ts';

export interface TelemetryOptions {
  readonly resource: Resource;
  /** The least level that is logged; `telemetry.log.level` changes it later. Default: info. */
  readonly level?: Level;
  /** `json`: an object per line; `pretty`: for people. Default: json. */
  readonly format?: 'json' | 'pretty';
  /** Base URL of an OTLP/HTTP receiver: `http://127.0.0.1:4318`. Default: nothing is exported, spans are not recorded. */
  readonly otlpEndpoint?: string;
  /** Sent with each export, for a receiver that wants a key. Default: none. */
  readonly otlpHeaders?: Readonly<Record<string, string>>;
  /** Share of new traces that are recorded, 0 to 1; a trace from outside keeps its caller's decision. Default: 1. */
  readonly sampleRatio?: number;
  /** A span or log line is sent at most this many milliseconds after it ended. Default: 1000. */
  readonly exportIntervalMs?: number;
  /** Milliseconds between two exports of the metrics. Default: 5000. */
  readonly metricsIntervalMs?: number;
  /** Bytes of unsent spans, and again of unsent log lines; what comes on top is dropped and counted. Default: 8 MiB. */
  readonly maxQueueBytes?: number;
  /** A request to the receiver may take this long, in milliseconds. Default: 10,000. */
  readonly exportTimeoutMs?: number;
  /** Whether event loop, garbage collection, memory and CPU are observed: once per process is enough. Default: true. */
  readonly runtimeMetrics?: boolean;
  /** Takes each log line with its line break; must not block. Default: stdout, without blocking. */
  readonly write?: (line: string) => void;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * The telemetry of one service of this process. Starts collecting at once and exports in the background; an exporter that
 * fails retries, drops what exceeds its bounds and counts it (`telemetry.dropped`), and never throws into user code.
 * Call `close` at the end: it sends what is left and writes the last log lines, blocking.
 *
 * Throws `invalid_argument` for an option out of its range.
 */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { resource, level = 'info', format = 'json', sampleRatio = 1, clock = systemClock } = options;
  check(options);
  const wall = wallClock(clock);
  const metrics = new MetricsRegistry();
  const stdout: LineSink | undefined = options.write === undefined ? stdoutLines() : undefined;
  if (stdout !== undefined) observeDroppedLines(metrics, stdout);
  const exported: OtlpExport | undefined =
    options.otlpEndpoint === undefined
      ? undefined
      : otlpExport({
          resource,
          metrics,
          wall,
          clock,
          endpoint: options.otlpEndpoint,
          headers: options.otlpHeaders ?? {},
          intervalMs: options.exportIntervalMs ?? 1000,
          metricsIntervalMs: options.metricsIntervalMs ?? 5000,
          maxQueueBytes: options.maxQueueBytes ?? 8 * 1024 * 1024,
          timeoutMs: options.exportTimeoutMs ?? 10_000,
          note: (ctx, noteLevel, message, fields) => log.note(ctx, noteLevel, message, fields),
        });
  const log = new LineLogger({
    level,
    wall,
    format: format === 'json' ? jsonLines(resource) : prettyLines(resource),
    write: options.write ?? ((line) => stdout?.write(line)),
    sink: exported?.logs,
    counters: lineCounters(metrics),
  });
  const runtime = options.runtimeMetrics === false ? undefined : observeRuntime(metrics);
  return {
    resource,
    log,
    tracer: createTracer({ ids: randomIds(), wall, sampleRatio, sink: exported?.spans }),
    metrics,
    prometheus: () => formatPrometheus(resource, metrics.families),
    async flush(ctx: Context) {
      await Promise.all([exported?.flush(ctx), stdout?.drained(ctx)]);
    },
    async close(ctx: Context) {
      await exported?.close(ctx);
      runtime?.stop();
      await stdout?.drained(ctx);
      stdout?.flushSync();
    },
  };
}

function check({ level = 'info', format = 'json', sampleRatio = 1, otlpEndpoint, ...rest }: TelemetryOptions): void {
  if (!levels.includes(level)) throw invalid('level', level, `one of ${levels.join(', ')}`);
  if (format !== 'json' && format !== 'pretty') throw invalid('format', format, 'json or pretty');
  if (!(sampleRatio >= 0 && sampleRatio <= 1)) throw invalid('sampleRatio', sampleRatio, 'a number from 0 to 1');
  if (otlpEndpoint !== undefined && !/^https?:$/.test(URL.parse(otlpEndpoint)?.protocol ?? '')) {
    throw invalid('otlpEndpoint', otlpEndpoint, 'an http or https URL such as http://127.0.0.1:4318');
  }
  for (const name of ['exportIntervalMs', 'metricsIntervalMs', 'maxQueueBytes', 'exportTimeoutMs'] as const) {
    const value = rest[name];
    if (value !== undefined && !(value > 0 && value < 2 ** 31))
      throw invalid(name, value, 'a number from 1 to 2147483647');
  }
}

function invalid(name: string, value: unknown, range: string): StatusError {
  return new StatusError('invalid_argument', `telemetry option ${name} is ${JSON.stringify(value)}; give ${range}`, {
    reason: 'INVALID_TELEMETRY_OPTION',
    metadata: { option: name },
  });
}

function lineCounters(metrics: MetricsRegistry): Readonly<Record<Level, Counter>> {
  const lines = metrics.counter('log.lines', { unit: '{line}', description: 'Log lines by level.', labels: ['level'] });
  return Object.fromEntries(levels.map((level) => [level, lines.with({ level })])) as Record<Level, Counter>;
}

function observeDroppedLines(metrics: MetricsRegistry, stdout: LineSink): void {
  metrics.observeCounter(
    'log.lines.dropped',
    { unit: '{line}', description: 'Log lines dropped because the reader of stdout was too slow.' },
    () => stdout.dropped,
  );
}
