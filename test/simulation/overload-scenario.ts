import type { Admit, CallHead } from '../../src/call/index.ts';
import {
  type Distribution,
  type LoopNode,
  logNormal,
  loopNode,
  openLoad,
  type Random,
  type RateStep,
  type Results,
  type SimulatedLoop,
  type Simulation,
  type Station,
  simulation,
  station,
} from '../../src/testing/index.ts';

/** Makes what decides at a node; undefined: nobody does. */
export type Policy = ((loop: SimulatedLoop, world: Simulation) => Admit) | undefined;

/** `cpu`: the call keeps the loop. `io`: it waits for a dependency with `servers` connections, and the loop is idle. */
export interface Scenario {
  readonly kind: 'cpu' | 'io';
  /** Mean of a log-normal service time. */
  readonly meanMs: number;
  /** Default: 1. */
  readonly sigma?: number;
  /** Of the dependency. Default: 20. */
  readonly servers?: number;
  /** How long callers wait. Default: 50 times the mean, 100 ms at least. */
  readonly timeoutMs?: number;
  readonly seed: number;
  /** Default: none. */
  readonly policy?: Policy;
  /** Default: a method, priority `default`, users of whom each comes now and then. */
  readonly head?: (random: Random, timeoutMs: number | undefined) => CallHead;
  /** Default: a log-normal one of `meanMs` and `sigma`. */
  readonly cpu?: Distribution | ((head: CallHead) => Distribution);
}

export interface Ran {
  readonly table: Results;
  readonly node: LoopNode;
  readonly dependency: Station | undefined;
  readonly world: Simulation;
}

/** Calls per second that the scenario can do at most. */
export function capacityOf({ kind, meanMs, servers = 20 }: Scenario): number {
  return ((kind === 'cpu' ? 1 : servers) * 1000) / meanMs;
}

/** Runs the scenario against a load in multiples of its capacity; `during` may change the world on the way. */
export function run(
  scenario: Scenario,
  rate: number | readonly RateStep[],
  untilMs: number,
  during: (ran: Ran) => void = () => {},
): Ran {
  const { kind, meanMs, sigma = 1, servers = 20, seed, policy, head } = scenario;
  const { timeoutMs = Math.max(100, 50 * meanMs) } = scenario;
  const world = simulation({ seed });
  const service = logNormal(meanMs, sigma);
  const dependency = kind === 'io' ? station(world, { servers, service }) : undefined;
  const node = loopNode(world, {
    cpu: scenario.cpu ?? (kind === 'cpu' ? service : logNormal(0.05, 0.5)),
    ...(dependency === undefined ? {} : { dependency, rejectionMs: 0.01 }),
    ...(policy === undefined ? {} : { admit: (loop: SimulatedLoop) => policy(loop, world) }),
  });
  const capacity = capacityOf(scenario);
  const steps =
    typeof rate === 'number'
      ? rate * capacity
      : rate.map(({ atMs, perSecond }) => ({ atMs, perSecond: perSecond * capacity }));
  const table = openLoad(world, {
    target: node,
    rate: steps,
    timeoutMs,
    untilMs,
    ...(head === undefined ? {} : { head }),
  });
  const ran = { table, node, dependency, world };
  during(ran);
  // Until the last answer that still counts.
  world.run(untilMs + timeoutMs);
  return ran;
}
