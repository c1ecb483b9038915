import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Backends } from './definition.ts';
import type { LogChoice } from './merged-log.ts';
import type { Unit } from './plan.ts';

export interface EnvironmentOptions {
  /** The supervisor's own. */
  readonly base: NodeJS.ProcessEnv;
  readonly unit: Unit;
  readonly instance: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Where the embedded back ends are reached. */
  readonly backendUrl: string;
  readonly backends: Backends;
  readonly log: LogChoice;
  /** The public port of each service that has one, as clients use it. */
  readonly ports: ReadonlyMap<string, number>;
  readonly compileCache: string;
  /** The lane of the process; '' is the baseline. */
  readonly lane: string;
}

/** The supervisor's own settings: a service that read them would take them for its own. */
const notInherited = [
  'FLOTILLA_WATCH_PARENT',
  'FLOTILLA_PORT',
  'FLOTILLA_CONSOLE_PORT',
  'FLOTILLA_ADMIN_PORT',
  'FLOTILLA_COLOCATE',
  'FLOTILLA_LOG',
  'FLOTILLA_LANE',
  'NODE_CHANNEL_FD',
];

/** What a service process finds in its environment. */
export function environmentOf(options: EnvironmentOptions): NodeJS.ProcessEnv {
  const { base, unit, instance, dataDir, backendUrl, backends, log, ports, compileCache, lane } = options;
  const env: NodeJS.ProcessEnv = { NODE_COMPILE_CACHE: compileCache, ...base };
  for (const name of notInherited) delete env[name];
  Object.assign(env, {
    FLOTILLA_SUPERVISED: '1',
    FLOTILLA_INSTANCE: instance,
    FLOTILLA_DATA_DIR: dataDir,
    FLOTILLA_LOG_FORMAT: 'json',
    FLOTILLA_REGISTRY_URL: registryUrlOf(backends, backendUrl),
  });
  if (lane !== '') env.FLOTILLA_LANE = lane;
  // A fleet on one's own machine has its lanes open to whoever names one; elsewhere they are closed.
  env.FLOTILLA_LANES ??= 'open';
  if (log === 'debug') env.FLOTILLA_LOG_LEVEL = 'debug';
  if (unit.kind === 'backend') return backendEnvironment(env, ports.get('backend'), log);
  if (backends.telemetry?.kind === 'off') env.FLOTILLA_TELEMETRY = 'off';
  else env.OTEL_EXPORTER_OTLP_ENDPOINT = urlOf(backends.telemetry) ?? backendUrl;
  if (unit.kind === 'colocated') {
    env.FLOTILLA_COLOCATED = JSON.stringify(
      unit.services.map((service) => ({ ...service, port: ports.get(service.name) })),
    );
    return env;
  }
  const [service] = unit.services;
  const port = service === undefined ? undefined : ports.get(service.name);
  if (port !== undefined) env.FLOTILLA_PORT = String(port);
  return Object.assign(env, service?.env);
}

/** Where the registry of a fleet is. */
export function registryUrlOf(backends: Backends, backendUrl: string): string {
  return urlOf(backends.registry) ?? backendUrl;
}

/** It sends its own telemetry nowhere: each message would cause another. Its warnings go to the terminal. */
function backendEnvironment(env: NodeJS.ProcessEnv, port: number | undefined, log: LogChoice): NodeJS.ProcessEnv {
  delete env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return { ...env, FLOTILLA_PORT: String(port), FLOTILLA_LOG_LEVEL: log === 'debug' ? 'debug' : 'warn' };
}

/** Where compiled code is kept between starts: under the nearest `node_modules`, else in the data directory. */
export function compileCacheDir(fleetFile: string, dataDir: string): string {
  for (let directory = dirname(fleetFile); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'node_modules'))) return join(directory, 'node_modules/.cache/flotilla/compile');
    if (directory === dirname(directory)) return join(dataDir, 'compile-cache');
  }
}

function urlOf(backend: Backends['registry']): string | undefined {
  return backend?.kind === 'external' ? backend.url : undefined;
}
