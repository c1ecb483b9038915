import { join, resolve } from 'node:path';
import { type Clock, type Context, systemClock } from '../concurrency/index.ts';
import { createResolver, memoryRegistry, type Registry, type Resolver } from '../discovery/index.ts';
import { type Listener, tcpListener } from '../net/tcp/index.ts';
import type { Telemetry } from '../observe/index.ts';
import type { LocalNetwork } from '../rpc/index.ts';
import { type ConfigOptions, loadConfig, type Schema } from '../service/index.ts';
import { type Environment, laneIn, portIn } from './environment.ts';
import { makeTelemetry } from './make-telemetry.ts';
import { registryOf } from './registry-of.ts';

/** What a server listens for: calls from outside the fleet, or from within. */
export type ListenerName = 'http' | 'rpc';

/** Who emits, without the instance, which the host knows. */
export interface ServiceResource {
  readonly service: string;
  readonly version: string;
}

/**
 * What a service needs of the place it runs in, so that the same `main` runs as a process of its own, beside others in one
 * process, and in a test. Everything is made on first use and then shared.
 */
export interface Host {
  /** The environment variables that the service may see. */
  readonly env: Environment;
  /** Unique among the instances of a service: `room-1`. */
  readonly instance: string;
  readonly clock: Clock;
  /** The lane that its services belong to, as `FLOTILLA_LANE` says; '' is the baseline. */
  lane(): string;
  registry(): Registry;
  resolver(): Resolver;
  /** Where services of the same process call each other; undefined in a process of its own. */
  local(): LocalNetwork | undefined;
  /** Where connections come from: the supervisor's listening socket, which the process inherits, or a port of its own (0: any). */
  listener(name: ListenerName, fallback: { readonly port: number }): Listener;
  /** The telemetry of one service. The same name gives the same object; the app closes it. */
  telemetry(resource: ServiceResource): Telemetry;
  /** The absolute path of the directory where embedded back ends keep their files. It may not exist yet. */
  dataDir(): string;
  /** Loads configuration with this host's environment: see `loadConfig`. */
  config<T>(schema: Schema<T>, options?: HostConfigOptions): Promise<T>;
}

export type HostConfigOptions = Omit<ConfigOptions, 'env'>;

/** A Host with an end: whoever made it closes it after its apps have stopped. */
export interface OwnedHost extends Host {
  /** Closes the resolver and the registry that it made; those it was given stay open. */
  close(ctx: Context): Promise<void>;
}

export interface HostOptions {
  /** Default: empty. */
  readonly env?: Environment;
  readonly instance: string;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: the one that `FLOTILLA_REGISTRY_URL` names (see `registryOf`), otherwise one in memory. */
  readonly registry?: Registry;
  /** Default: one on the registry. */
  readonly resolver?: Resolver;
  /** Default: none. */
  readonly local?: LocalNetwork;
  /** Default: a port of its own; for `http` the one in `FLOTILLA_PORT` if it is set. */
  readonly listener?: (name: ListenerName, fallback: { readonly port: number }) => Listener;
  /** Default: as `FLOTILLA_TELEMETRY`, `FLOTILLA_LOG_*` and `OTEL_EXPORTER_OTLP_ENDPOINT` say. */
  readonly telemetry?: (resource: ServiceResource) => Telemetry;
}

/**
 * A host that is not the process: for services that share one, and for tests.
 *
 *     const registry = memoryRegistry(), local = createLocalNetwork();
 *     const hosts = ['room', 'rank'].map((name) => createHost({ instance: `${name}-1`, registry, local, env }));
 */
export function createHost(options: HostOptions): OwnedHost {
  const { env = {}, instance, clock = systemClock, local, listener = ownPort(env) } = options;
  const { telemetry = ({ service, version }) => makeTelemetry(env, { service, version, instance }) } = options;
  let registry: Registry | undefined = options.registry;
  let resolver = options.resolver;
  const telemetries = new Map<string, Telemetry>();

  const dataDir = () => resolve(env.FLOTILLA_DATA_DIR || '.flotilla');
  const theRegistry = () => {
    const url = env.FLOTILLA_REGISTRY_URL;
    registry ??= url ? registryOf(url, join(dataDir(), 'discovery')) : memoryRegistry();
    return registry;
  };
  return {
    env,
    instance,
    clock,
    lane: () => laneIn(env, 'FLOTILLA_LANE'),
    registry: theRegistry,
    resolver() {
      resolver ??= createResolver(theRegistry());
      return resolver;
    },
    local: () => local,
    listener,
    telemetry(resource) {
      const made = telemetries.get(resource.service) ?? telemetry(resource);
      telemetries.set(resource.service, made);
      return made;
    },
    dataDir,
    config: (schema, config = {}) => loadConfig(schema, { ...config, env }),
    async close() {
      if (options.resolver === undefined) await resolver?.close();
      if (options.registry === undefined) await registry?.close();
    },
  };
}

/** The listener of a host without a supervisor. */
function ownPort(env: Environment): (name: ListenerName, fallback: { readonly port: number }) => Listener {
  return (name, { port }) =>
    tcpListener({ port: (name === 'http' ? portIn(env, 'FLOTILLA_PORT') : undefined) ?? port });
}
