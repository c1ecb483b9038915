import { type CallFields, type CallHead, defaultFields } from '../../../call/index.ts';
import { type VirtualClock, virtualClock } from '../../../testing/index.ts';
import type { LoopWindow, OverloadSignals, ResourceReading } from '../../signals/signals.ts';
import { overloadGuard } from '../adaptive-guard.ts';
import type { OverloadGuard, OverloadGuardOptions } from '../overload-guard.ts';

/** A guard whose signals say what the test lets them say. */
export interface TestGuard {
  readonly guard: OverloadGuard;
  readonly clock: VirtualClock;
  /** How long the present turn has been going on. */
  turnMs: number;
  heapShare: number;
  /** Ends a window of the loop; the guard sees it with the next call. */
  endWindow(window: Partial<LoopWindow>): void;
}

export function testGuard(options: Partial<OverloadGuardOptions> = {}): TestGuard {
  const clock = virtualClock();
  let window: LoopWindow = { endedAt: 0, lengthMs: 0, turns: 0, minTurnMs: 0, maxTurnMs: 0, idleShare: 1 };
  const test = { clock, turnMs: 0, heapShare: 0 };
  const signals: OverloadSignals = {
    loop: { turnMs: () => test.turnMs, window: () => window },
    resources: {
      read: (): ResourceReading => ({ utilization: 0, cpuShare: 0, memoryShare: 0, heapShare: test.heapShare }),
    },
  };
  const guard = overloadGuard({ clock, random: () => 0.5, ...options, signals });
  return Object.assign(test, {
    guard,
    endWindow(change: Partial<LoopWindow>) {
      window = { endedAt: clock.now(), lengthMs: 100, turns: 2, minTurnMs: 0, maxTurnMs: 100, idleShare: 0, ...change };
    },
  });
}

export function headOf(fields: Partial<CallFields> = {}, head: Partial<CallHead> = {}): CallHead {
  const all = { ...defaultFields, ...fields };
  return { service: 'room', method: 'Get', sizeBytes: 0, timeoutMs: undefined, ...head, fields: all };
}
