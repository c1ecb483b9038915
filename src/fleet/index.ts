/**
 * # flotilla/fleet
 *
 * The fleet file and the supervisor that runs it: every replica a process of its own, restarted on crash and on change
 * without a lost connection, drained in order.
 *
 *     export default fleet({
 *       services: { gateway: service('./gateway/main.ts', { port: 8080 }), room: service('./room/main.ts', { replicas: 2 }) },
 *       backends: { registry: embedded(), telemetry: embedded(), sql: embedded() },
 *     });
 *
 *     $ flotilla up fleet.ts
 *
 * Rules: a service learns all it needs from its environment and its host, so that it runs the same without a supervisor;
 * the supervisor alone opens public ports. Not here: placement on several machines (Kubernetes).
 */
export {
  type Backend,
  type Backends,
  embedded,
  external,
  type FleetDefinition,
  type FleetOptions,
  fleet,
  off,
  type ServiceDefinition,
  type ServiceOptions,
  service,
} from './definition.ts';
export { type LaneDataChoice, laneDataChoices } from './lane-data.ts';
export { type LaneEntry, listLanes } from './lane-list.ts';
export { type LaneService, type LaneUpOptions, laneUp } from './lane-up.ts';
export type { LogChoice } from './merged-log.ts';
export { logChoices } from './merged-log.ts';
export type { PortChoice } from './plan.ts';
export { type RestartOptions, restart } from './restart.ts';
export { type UpOptions, up } from './up.ts';
