import { background } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import type { Resource } from '../../observe/index.ts';
import { makeTelemetry } from '../make-telemetry.ts';
import { stallsMetric } from './heartbeat.ts';

/** What is known of a loop that was stuck. */
export interface Stall {
  readonly resource: Resource;
  /** `is stuck; ending the process` */
  readonly what: string;
  readonly level: 'error' | 'fatal';
  readonly stuckMs: number;
  /** The file. */
  readonly profile: string | undefined;
  readonly hottest: readonly string[];
  /** Lines as `Error.stack` has them. */
  readonly stack: readonly string[];
}

/** The collector gets so long to take the last line. */
const exportMs = 1_000;

/**
 * Tells of a stall in the lines of the service and to its collector, through telemetry of the calling thread's own: the main
 * thread cannot be asked. `write` takes the line, blocking.
 */
export async function reportStall(stall: Stall, write: (line: string) => void): Promise<void> {
  const { resource, level, what, stuckMs, profile, hottest } = stall;
  const telemetry = makeTelemetry(process.env, resource, { write, runtimeMetrics: false });
  telemetry.metrics
    .counter(...stallsMetric)
    .with()
    .add();
  using ctx = background().withTimeout(exportMs);
  telemetry.log.log(ctx, level, `${resource.instance}: the event loop ${what}`, {
    stuckMs,
    ...(profile !== undefined && { profile }),
    ...(hottest.length > 0 && { hottest }),
    error: errorOf(stall),
  });
  await telemetry.close(ctx);
}

/** With the stack of the main thread for its own. */
function errorOf(stall: Stall): StatusError {
  const error = new StatusError('internal', messageOf(stall), { reason: 'EVENT_LOOP_STUCK' });
  error.stack = textOf(stall);
  return error;
}

/** The message and the stack, as an uncaught error would be printed. */
export function textOf(stall: Stall): string {
  return [`StatusError: ${messageOf(stall)}`, ...stall.stack].join('\n');
}

function messageOf({ resource, what, stuckMs, profile }: Stall): string {
  const where = profile === undefined ? '' : `; its profile: ${profile}`;
  return `${resource.instance}: the event loop ${what}: no turn for ${stuckMs} ms${where}`;
}
