import { background, type Context } from '../concurrency/index.ts';
import type { OutlierEvent } from '../guard/index.ts';
import { type Counter, type Gauge, type Metric, telemetryOf, withTelemetry } from '../observe/index.ts';

/** Tells metrics and the log who of a target's instances is ejected: through the telemetry of the first caller. */
export class OutlierReport {
  readonly #target: string;
  #ctx: Context | undefined = undefined;
  #ejected: Gauge | undefined = undefined;
  #ejections: Metric<Counter> | undefined = undefined;

  constructor(target: string) {
    this.#target = target;
  }

  /** The first call to the target: it says whose telemetry it is. */
  begin(ctx: Context): void {
    const telemetry = telemetryOf(ctx);
    // Not the call's own Context: it has long ended when a node is ejected, and its trace has nothing to do with it.
    this.#ctx = withTelemetry(background(), telemetry);
    const gauge = telemetry.metrics.gauge('guard.outlier.ejected', {
      description: 'Instances that get no calls because they fail more, or are slower, than the others.',
      unit: '{instance}',
      labels: ['target'],
    });
    this.#ejected = gauge.with({ target: this.#target });
    this.#ejected.set(0);
    this.#ejections = telemetry.metrics.counter('guard.outlier.ejections', {
      description: 'Ejections of an instance, also of one that was tried and failed again.',
      unit: '{ejection}',
      labels: ['target', 'why'],
    });
  }

  tell(event: OutlierEvent): void {
    const ctx = this.#ctx;
    if (ctx === undefined) return;
    const target = this.#target;
    const { log } = telemetryOf(ctx);
    if (event.kind === 'returned') {
      const why =
        event.reason === 'probe' ? 'a call that tried it succeeded' : 'more than half of the instances are bad';
      log.info(ctx, `${event.node} of ${target} gets calls again: ${why}`, { target, ...event });
      return;
    }
    this.#ejections?.with({ target, why: event.reason }).add();
    const forSeconds = Math.round(event.forMs / 1_000);
    log.warn(ctx, `${event.node} of ${target} gets no calls for ${forSeconds} s: ${whyOf(event)}`, {
      target,
      ...event,
      ...roundedTimes(event),
    });
  }

  /** The settings of the app are out of their range. */
  refused(error: unknown): void {
    const ctx = this.#ctx;
    if (ctx === undefined) return;
    telemetryOf(ctx).log.error(ctx, `guard.outlier is as the code has it for ${this.#target}`, { error });
  }

  /** How many are out now; also told when the list changes. */
  ejected(count: number): void {
    this.#ejected?.set(count);
  }
}

function whyOf(event: OutlierEvent & { readonly kind: 'ejected' }): string {
  const { reason, again, calls, failures, latencyMs, groupLatencyMs } = event;
  if (reason === 'latency')
    return `its calls take ${round(latencyMs)} ms, those of the others ${round(groupLatencyMs)} ms`;
  if (again) return 'the call that tried it failed';
  if (reason === 'consecutive_failures') return 'too many calls failed in a row';
  return `${failures} of ${calls} calls failed, far more than of the others`;
}

/** Fifteen digits of a millisecond help nobody who reads the line. */
function roundedTimes({ forMs, latencyMs, groupLatencyMs }: OutlierEvent & { readonly kind: 'ejected' }) {
  const tenths = (ms: number) => Math.round(ms * 10) / 10;
  return {
    forMs: Math.round(forMs),
    ...(latencyMs !== undefined && { latencyMs: tenths(latencyMs) }),
    ...(groupLatencyMs !== undefined && { groupLatencyMs: tenths(groupLatencyMs) }),
  };
}

function round(ms: number | undefined): string {
  return ms === undefined ? 'an unknown number of' : ms.toFixed(ms < 10 ? 1 : 0);
}
