import type { Admit } from '../../src/call/index.ts';
import { LoopMeter, type OverloadGuard, overloadGuard, type ResourceReading } from '../../src/guard/index.ts';
import type { SimulatedLoop, Simulation } from '../../src/testing/index.ts';

/** No process is measured here: the guard has to do with what its loop tells. */
const nothing: ResourceReading = { utilization: 0, cpuShare: 0, heapShare: 0, memoryShare: 0 };

/** The guard that a server has, with all its defaults, on a simulated loop. */
export function guardOf(loop: SimulatedLoop, { random }: Simulation): OverloadGuard {
  const meter = new LoopMeter({ clock: loop.clock, idleMs: () => loop.idleMs, onBegin: () => {} });
  loop.onTurn(() => meter.endTurn());
  return overloadGuard({ clock: loop.clock, random, signals: { loop: meter, resources: { read: () => nothing } } });
}

/** The same as a policy of a scenario. */
export function guarded(loop: SimulatedLoop, world: Simulation): Admit {
  return guardOf(loop, world).admit;
}
