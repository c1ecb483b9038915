import { type CallHead, defaultFields } from 'flotilla/call';
import { background } from 'flotilla/concurrency';
import { createTelemetry, type Level, withTelemetry } from 'flotilla/observe';
import { callContext, type MethodInfo, serverCall, serverGuard } from 'flotilla/service';
import type { Work } from './work.ts';

/** Calls per turn of the loop; a guard refuses what comes in a turn that lasts. */
const perTurn = 500;

/**
 * What a transport does around a handler: admission, the call's Context with its deadline, trace, metrics, log, and the end
 * of all that; less the handler itself, which is nothing.
 */
export function chainWork(telemetryOptions: { readonly level: Level; readonly sampleRatio: number }): Work {
  const telemetry = createTelemetry({
    resource: { service: 'bench', version: '1.0.0', instance: 'bench-1' },
    write: () => {},
    ...telemetryOptions,
  });
  const base = withTelemetry(background(), telemetry).withCancel();
  // A turn on a busy machine may take long: what is measured is calls that are taken on.
  const guard = serverGuard(base, { standingMs: 60_000 });
  const { clock } = base;
  const call = serverCall<number, number>((_ctx, input) => input, method, [], { isRoot: true, telemetry });
  const one = () => {
    const startedAt = clock.now();
    const permit = guard.admit(head);
    if (!permit.admitted) return 0;
    const ctx = callContext(base, head, 15_000, startedAt);
    const output = call(ctx, 1) as number;
    ctx[Symbol.dispose]();
    permit.done({ error: undefined, durationMs: clock.now() - startedAt });
    return output;
  };
  return async (n) => {
    let served = 0;
    for (let i = 0; i < n; i++) {
      served += one();
      if (i % perTurn === perTurn - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    // On a busy machine a turn may take long enough for a few to be refused.
    if (served < n * 0.5) throw new Error(`only ${served} of ${n} calls were served`);
  };
}

const head: CallHead = {
  service: 'live.room.v1.RoomService',
  method: 'GetRoom',
  sizeBytes: 0,
  timeoutMs: 1000,
  fields: defaultFields,
};

const method: MethodInfo = {
  service: head.service,
  method: head.method,
  kind: 'unary',
  side: 'server',
  transport: 'rpc',
  idempotent: true,
  timeoutMs: 15_000,
};
