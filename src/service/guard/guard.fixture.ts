import type { Context } from '../../concurrency/index.ts';
import { createTelemetry, withTelemetry } from '../../observe/index.ts';
import type { MethodInfo } from '../method.ts';

/** A method of which only what matters to a test is said. */
export function methodOf(change: Partial<MethodInfo> = {}): MethodInfo {
  return {
    service: 'live.room.v1.RoomService',
    method: 'GetRoom',
    kind: 'unary',
    side: 'server',
    transport: 'rpc',
    idempotent: false,
    timeoutMs: 0,
    ...change,
  };
}

/** `parent` with telemetry, and the lines of its Prometheus text that are about `metric`, in order. */
export function measured(parent: Context) {
  const resource = { service: 'test', version: '1', instance: 'a' };
  const telemetry = createTelemetry({ resource, runtimeMetrics: false, write: () => {} });
  return {
    ctx: withTelemetry(parent, telemetry),
    telemetry,
    lines: (metric: string) =>
      telemetry
        .prometheus()
        .split('\n')
        .filter((line) => line.startsWith(`${metric}{`))
        .sort(),
  };
}
