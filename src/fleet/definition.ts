import { checkFleet } from './check.ts';

/** One service of a fleet: its entry file and how it runs. Made by {@link service}. */
export interface ServiceDefinition extends ServiceOptions {
  /** Relative to the fleet file. */
  readonly path: string;
}

export interface ServiceOptions {
  /**
   * The public port. The supervisor listens on it and hands each connection to a replica, so that a restart loses none.
   * 0: any free one. Default: none; the service is reached by the others through the registry.
   */
  readonly port?: number;
  /** How many processes run it, 1 to 64. Default: 1. */
  readonly replicas?: number;
  /** Added to the environment of its processes; wins over the supervisor's own. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long a process may take until it is ready; then it is ended and tried again. Default: 30,000 ms. */
  readonly readyTimeoutMs?: number;
}

/** Where a back end runs. Made by {@link embedded}, {@link external} or {@link off}. */
export type Backend =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'external'; readonly url: string }
  | { readonly kind: 'off' };

/** The back ends of a fleet. Each is embedded where nothing is said. */
export interface Backends {
  /** `embedded()`, or `external(url)` of the back-end process of another fleet, or of etcd and the like (`etcd://host:2379`). */
  readonly registry?: Backend;
  /** `embedded()`, `external(url)` of anything that takes OTLP over HTTP, or `off()`. */
  readonly telemetry?: Backend;
  /** `embedded()`: one SQLite file per service under the data directory. */
  readonly sql?: Backend;
  /** `embedded()`: in the memory of each process. */
  readonly cache?: Backend;
  /** `embedded()`. */
  readonly stream?: Backend;
}

export interface FleetOptions {
  readonly services: Readonly<Record<string, ServiceDefinition>>;
  readonly backends?: Backends;
  /** Services that share one process and call each other in memory: their names, or `'all'`. Default: none. */
  readonly colocate?: readonly string[] | 'all';
  /** The port of the console and the embedded back ends. Default: 8081. */
  readonly consolePort?: number;
}

/** What a fleet file exports by default. */
export interface FleetDefinition extends FleetOptions {
  readonly [brand]: true;
}

const brand = Symbol.for('flotilla.fleet');

/**
 * Names the services of a fleet, their replicas and their back ends; the default export of a fleet file.
 *
 *     export default fleet({
 *       services: { gateway: service('./gateway/main.ts', { port: 8080 }), room: service('./room/main.ts', { replicas: 2 }) },
 *       backends: { registry: embedded(), telemetry: embedded() },
 *     });
 *
 * Throws `invalid_argument`, reason `INVALID_FLEET`, with every mistake that can be seen without touching the disk.
 */
export function fleet(options: FleetOptions): FleetDefinition {
  checkFleet(options);
  return Object.freeze({ ...options, [brand]: true as const });
}

/** One service: the file that exports `main`, relative to the fleet file. */
export function service(path: string, options: ServiceOptions = {}): ServiceDefinition {
  return { ...options, path };
}

/** The back end that comes with Flotilla and needs no installation. */
export function embedded(): Backend {
  return { kind: 'embedded' };
}

/** A real back end, at this URL. */
export function external(url: string): Backend {
  return { kind: 'external', url };
}

/** No back end at all: for telemetry only. */
export function off(): Backend {
  return { kind: 'off' };
}

/** Whether the value was made by {@link fleet}, of this or another copy of the package. */
export function isFleet(value: unknown): value is FleetDefinition {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
