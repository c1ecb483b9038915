import type { Admit, CallHead } from '../../call/index.ts';
import type { Context, Stop } from '../../concurrency/index.ts';
import { type OverloadSettings, type OverloadSnapshot, overloadGuard, processSignals } from '../../guard/index.ts';
import { guardDefaults } from '../defaults.ts';
import type { Server } from '../server.ts';
import { guardSettingsOf } from './live-guard.ts';
import { OverloadReport } from './overload-report.ts';

export interface ServerGuardOptions extends OverloadSettings {
  /** Calls that are always admitted, besides health checks. Default: none. */
  readonly isExempt?: (head: CallHead) => boolean;
}

/** What keeps a server from taking on more than it can answer in time. */
export interface ServerGuard {
  readonly admit: Admit;
  /** Changes some settings at once. Throws a RangeError for a value out of its range. */
  configure(change: OverloadSettings): void;
  snapshot(): OverloadSnapshot;
  /** Ends its measuring, after a last report. What it admitted may still end. */
  close(): void;
}

/** A server that may be guarded. */
export interface GuardedServer extends Server {
  /** To look at, and to change its settings. Undefined before `start`, and where the server was made with `guard: false`. */
  readonly guard: ServerGuard | undefined;
}

/**
 * The guard that every server has unless it is told otherwise: `overloadGuard` with the signals of this process, reported
 * through the telemetry of `ctx`. Whoever makes it closes it.
 */
export function serverGuard(ctx: Context, options: ServerGuardOptions = {}): ServerGuard {
  const { isExempt: _, ...given } = options;
  /** What the code says; the settings of the app stand above it. */
  let own: OverloadSettings = { ...guardDefaults.overload, ...given };
  const signals = processSignals(() => report.update());
  const guard = overloadGuard({
    ...guardDefaults.overload,
    ...options,
    clock: ctx.clock,
    signals,
    epoch: () => Math.floor(Date.now() / 60_000),
  });
  const report: OverloadReport = new OverloadReport(ctx, () => guard.snapshot());
  const unfollow = followOverload();
  return {
    admit: guard.admit,
    configure(change) {
      guard.configure(change);
      own = { ...own, ...change };
    },
    snapshot: () => guard.snapshot(),
    close() {
      unfollow?.();
      signals.release();
      report.close();
    },
  };

  function followOverload(): Stop | undefined {
    try {
      return guardSettingsOf(ctx)?.follow('overload', (settings) => guard.configure({ ...own, ...settings }));
    } catch (error) {
      signals.release();
      throw error;
    }
  }
}
