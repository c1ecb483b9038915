import { systemClock } from '../../concurrency/index.ts';
import { LoopMeter } from './loop-meter.ts';
import type { LoopSignal } from './signals.ts';

/**
 * Measures the event loop of this thread. It costs nothing while nobody asks: a turn begins with the first question in it,
 * and ends when the loop comes to its immediates, which run after everything that the sockets have brought.
 */
export function measureLoop(): LoopSignal {
  const end = () => meter.endTurn();
  const meter: LoopMeter = new LoopMeter({
    clock: systemClock,
    idleMs: () => performance.eventLoopUtilization().idle,
    onBegin: () => void setImmediate(end),
  });
  return meter;
}
