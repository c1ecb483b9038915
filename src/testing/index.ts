/**
 * # flotilla/testing
 *
 * What tests of services need: a clock that stands still, a check that nothing is left behind, cleaning up in the right
 * order, whole fleets in processes of their own, and a simulation in which a policy meets minutes of traffic in a second.
 *
 *     await using fleet = await startFleet(ctx, 'examples/live/fleet.ts', { dataDir });
 *     const answer = await fetch(`${fleet.app}/v1/rooms`);
 *
 * Rules: nothing here is for production. Not here: assertions (use `node:assert`) and runners (use `node:test`).
 */
export { cleanup } from './cleanup.ts';
export {
  descendants,
  type FleetProcess,
  type FleetProcessOptions,
  type FlotillaProcess,
  type LaneProcessOptions,
  startFleet,
  startLane,
} from './fleet-process.ts';
export { failOnLeaks } from './leaks.ts';
export { type LoopNode, type LoopNodeOptions, loopNode } from './simulation/loop-node.ts';
export { type OpenLoadOptions, openLoad, type RateStep } from './simulation/open-load.ts';
export {
  bimodal,
  constant,
  type Distribution,
  exponential,
  logNormal,
  type Random,
  seededRandom,
} from './simulation/random.ts';
export {
  type GroupField,
  jainIndex,
  type Latency,
  type ResultFilter,
  type Results,
  results,
  type SeriesPoint,
  type Summary,
} from './simulation/results.ts';
export { callHead, type HeadOptions, type Reply, SimulatedCall, type Target } from './simulation/simulated-call.ts';
export {
  type SimulatedClient,
  type SimulatedClientOptions,
  simulatedClient,
} from './simulation/simulated-client.ts';
export type { SimulatedLoop, TurnListener, Work } from './simulation/simulated-loop.ts';
export { type Simulation, simulation } from './simulation/simulation.ts';
export { type Station, type StationOptions, station } from './simulation/station.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
