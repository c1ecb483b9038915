import { background, type Clock, type Context, type Timer, until } from '../../concurrency/index.ts';
import { backgroundTimer } from '../background-timer.ts';
import type { MetricsRegistry } from '../metrics.ts';
import type { Level, LogFields, Resource } from '../telemetry.ts';
import type { WallClock } from '../wall-clock.ts';
import { encodeRequest, encodeResource, encodeScope } from './attributes.ts';
import { Batches, type DropReason } from './batches.ts';
import { encodeMetrics } from './encode-metrics.ts';
import { Exporter } from './exporter.ts';
import { type Sent, send } from './send.ts';

export interface OtlpExportOptions {
  readonly resource: Resource;
  readonly metrics: MetricsRegistry;
  readonly wall: WallClock;
  readonly clock: Clock;
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly metricsIntervalMs: number;
  readonly maxQueueBytes: number;
  readonly timeoutMs: number;
  readonly note: (ctx: Context, level: Level, message: string, fields?: LogFields) => void;
}

/** The three signals on their way to an OTLP/HTTP receiver. */
export interface OtlpExport {
  readonly spans: Batches;
  readonly logs: Batches;
  /** Sends what is buffered and the metrics as they are; what is left when `ctx` ends is dropped and counted. */
  flush(ctx: Context): Promise<void>;
  close(ctx: Context): Promise<void>;
}

const maxBatchBytes = 256 * 1024;
const signals = ['traces', 'logs', 'metrics'] as const;
type Signal = (typeof signals)[number];

export function otlpExport(options: OtlpExportOptions): OtlpExport {
  const { resource, metrics, wall, clock, note } = options;
  const base = options.endpoint.replace(/\/+$/, '');
  const resourceBytes = encodeResource(resource);
  const scopeBytes = encodeScope();
  const counts = countersOf(metrics);

  const post = (signal: Signal, items: Uint8Array): Promise<Sent> =>
    send(encodeRequest(resourceBytes, scopeBytes, items), {
      url: `${base}/v1/${signal}`,
      clock,
      timeoutMs: options.timeoutMs,
      headers: options.headers,
    });

  const onTrouble = (signal: Signal) => (cause: string | undefined) => {
    if (cause === undefined) note(background(), 'info', `telemetry ${signal} arrive at ${base} again`);
    else note(background(), 'warn', `telemetry ${signal} cannot be sent to ${base}: ${cause}; retrying, then dropping`);
  };

  const pipeline = (signal: Signal) => {
    const batches = new Batches({
      clock,
      intervalMs: options.intervalMs,
      maxBatchBytes,
      maxQueueBytes: options.maxQueueBytes,
      onSealed: () => exporter.start(),
      onDropped: (items, reason) => counts.dropped(signal, reason, items),
    });
    const exporter = new Exporter({
      clock,
      batches,
      random: Math.random,
      send: (items) => post(signal, items),
      onSent: (items) => counts.sent(signal, items),
      onDropped: (items, reason) => counts.dropped(signal, reason, items),
      onTrouble: onTrouble(signal),
    });
    return { batches, exporter };
  };

  const traces = pipeline('traces');
  const logs = pipeline('logs');
  const metricsExport = exportMetrics(options, (items) => post('metrics', items), counts);
  return {
    spans: traces.batches,
    logs: logs.batches,
    async flush(ctx) {
      wall.resync();
      await Promise.all([traces.exporter.flush(ctx), logs.exporter.flush(ctx), metricsExport.flush(ctx)]);
    },
    async close(ctx) {
      metricsExport.stop();
      traces.batches.close();
      logs.batches.close();
      await Promise.all([traces.exporter.flush(ctx), logs.exporter.flush(ctx), metricsExport.flush(ctx)]);
    },
  };
}

interface Counts {
  sent(signal: Signal, items: number): void;
  dropped(signal: Signal, reason: DropReason, items: number): void;
}

function countersOf(metrics: MetricsRegistry): Counts {
  const sent = metrics.counter('telemetry.exported', {
    unit: '{item}',
    description: 'Spans, log lines and metric points that the receiver took.',
    labels: ['signal'],
  });
  const dropped = metrics.counter('telemetry.dropped', {
    unit: '{item}',
    description: 'Spans, log lines and metric points that were lost, by reason.',
    labels: ['signal', 'reason'],
  });
  return {
    sent: (signal, items) => sent.with({ signal }).add(items),
    dropped: (signal, reason, items) => dropped.with({ signal, reason }).add(items),
  };
}

/**
 * Sends all metrics at a fixed interval. They are cumulative, so a failed export is not repeated: the next one says it all.
 */
function exportMetrics(
  { metrics, wall, clock, metricsIntervalMs }: OtlpExportOptions,
  post: (items: Uint8Array) => Promise<Sent>,
  counts: Counts,
): { flush(ctx: Context): Promise<void>; stop(): void } {
  const startMs = wall.epochMs();
  let running: Promise<void> | undefined;
  let timer: Timer;
  const sendOnce = async () => {
    const { bytes, points } = encodeMetrics(metrics.families, startMs, wall.epochMs());
    const sent = await post(bytes);
    if (sent.kind === 'ok') counts.sent('metrics', points - sent.rejected);
    else counts.dropped('metrics', 'rejected', points);
  };
  const run = () => {
    running ??= sendOnce().finally(() => {
      running = undefined;
    });
    return running;
  };
  const arm = () => {
    timer = backgroundTimer(clock, metricsIntervalMs, () => {
      wall.resync();
      void run().catch(() => counts.dropped('metrics', 'invalid', 1));
      arm();
    });
  };
  arm();
  return {
    async flush(ctx) {
      if (running !== undefined) await until(ctx, running).catch(() => {});
      if (ctx.err() === undefined) await until(ctx, run()).catch(() => {});
    },
    stop: () => void timer.stop(),
  };
}
