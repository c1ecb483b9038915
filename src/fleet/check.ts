import { StatusError } from '../errors/index.ts';
import type { FleetOptions } from './definition.ts';
import { didYouMean } from './nearest.ts';

/** Names that the supervisor uses for itself. */
export const reservedNames: readonly string[] = ['backend', 'flotilla', 'colocated'];
export const defaultConsolePort = 8081;
export const defaultReadyTimeoutMs = 30_000;
export const maxReplicas = 64;
const maxReadyTimeoutMs = 600_000;

const fleetKeys = ['services', 'backends', 'colocate', 'consolePort'];
const serviceKeys = ['path', 'port', 'replicas', 'env', 'readyTimeoutMs'];
/** Which kinds each back end can be today. */
const backendKinds: Readonly<Record<string, readonly string[]>> = {
  registry: ['embedded', 'external'],
  telemetry: ['embedded', 'external', 'off'],
  sql: ['embedded'],
  cache: ['embedded'],
  stream: ['embedded'],
};

/** Throws `invalid_argument` that lists every mistake of the options, one line each. */
export function checkFleet(options: FleetOptions): void {
  const problems = isRecord(options) ? problemsOf(options) : ['fleet(...) takes an object with "services"'];
  if (problems.length > 0) throw invalidFleet(problems);
}

export function invalidFleet(problems: readonly string[]): StatusError {
  return new StatusError(
    'invalid_argument',
    `the fleet file is wrong:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    {
      reason: 'INVALID_FLEET',
    },
  );
}

function problemsOf(options: Record<string, unknown>): string[] {
  const problems = unknownKeys(options, fleetKeys, 'the fleet');
  const services = options.services;
  if (!isRecord(services) || Object.keys(services).length === 0) {
    problems.push(`services: give at least one, like { room: service('./room/main.ts') }`);
  } else {
    for (const [name, definition] of Object.entries(services)) problems.push(...serviceProblems(name, definition));
    problems.push(
      ...portClashes(services, options.consolePort),
      ...colocateProblems(options.colocate, Object.keys(services)),
    );
  }
  if (options.consolePort !== undefined) problems.push(...portProblems('consolePort', options.consolePort));
  problems.push(...backendProblems(options.backends));
  return problems;
}

function serviceProblems(name: string, definition: unknown): string[] {
  const at = `services.${name}`;
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    return [
      `${at}: the name must be lower-case letters, digits and "-", begin with a letter and have at most 32 characters`,
    ];
  }
  if (reservedNames.includes(name)) return [`${at}: the name is taken by Flotilla itself; use another`];
  if (!isRecord(definition)) return [`${at} is ${show(definition)}; make it with service('./${name}/main.ts')`];
  const problems = unknownKeys(definition, serviceKeys, at);
  const { path, port, replicas, env, readyTimeoutMs } = definition;
  if (typeof path !== 'string' || path === '')
    problems.push(`${at}.path is ${show(path)}; give the file that exports main, like './${name}/main.ts'`);
  if (port !== undefined) problems.push(...portProblems(`${at}.port`, port));
  if (replicas !== undefined && !isInteger(replicas, 1, maxReplicas)) {
    problems.push(`${at}.replicas is ${show(replicas)}; give a whole number from 1 to ${maxReplicas}`);
  }
  if (readyTimeoutMs !== undefined && !isInteger(readyTimeoutMs, 1, maxReadyTimeoutMs)) {
    problems.push(`${at}.readyTimeoutMs is ${show(readyTimeoutMs)}; give milliseconds from 1 to ${maxReadyTimeoutMs}`);
  }
  if (env !== undefined && !(isRecord(env) && Object.values(env).every((value) => typeof value === 'string'))) {
    problems.push(`${at}.env is ${show(env)}; give an object of strings, like { LOG: 'yes' }`);
  }
  return problems;
}

function portProblems(at: string, port: unknown): string[] {
  return isInteger(port, 0, 65_535)
    ? []
    : [`${at} is ${show(port)}; give a port from 1 to 65535, or 0 for any free one`];
}

function portClashes(services: Record<string, unknown>, consolePort: unknown): string[] {
  const owners = new Map<unknown, string>([[consolePort ?? defaultConsolePort, 'the console']]);
  const problems: string[] = [];
  for (const [name, definition] of Object.entries(services)) {
    const port = isRecord(definition) ? definition.port : undefined;
    if (port === undefined || port === 0) continue;
    const owner = owners.get(port);
    if (owner !== undefined)
      problems.push(`services.${name}.port: ${show(port)} is already the port of ${owner}; give each its own`);
    else owners.set(port, name);
  }
  return problems;
}

function colocateProblems(colocate: unknown, names: readonly string[]): string[] {
  if (colocate === undefined || colocate === 'all') return [];
  if (!Array.isArray(colocate)) return [`colocate is ${show(colocate)}; give names of services, or 'all'`];
  return unknownServices(colocate, names, 'colocate');
}

/** One line for each name that is not a service of the fleet. */
export function unknownServices(given: readonly unknown[], names: readonly string[], at: string): string[] {
  return given
    .filter((name) => !names.includes(String(name)))
    .map(
      (name) =>
        `${at}: there is no service ${show(name)}${didYouMean(String(name), names)}; there are ${names.join(', ')}`,
    );
}

function backendProblems(backends: unknown): string[] {
  if (backends === undefined) return [];
  if (!isRecord(backends)) return [`backends is ${show(backends)}; give an object, like { telemetry: embedded() }`];
  const problems = unknownKeys(backends, Object.keys(backendKinds), 'backends');
  for (const [name, kinds] of Object.entries(backendKinds)) {
    const backend = backends[name];
    if (backend !== undefined) problems.push(...backendProblem(`backends.${name}`, backend, kinds));
  }
  return problems;
}

const otherRegistries = /^(etcds?|consuls?|nacoss?|kubernetes|dns|file):\/\//;

function backendProblem(at: string, backend: unknown, kinds: readonly string[]): string[] {
  const kind = isRecord(backend) ? backend.kind : undefined;
  const possible = kinds.map((name) => (name === 'external' ? 'external(url)' : `${name}()`)).join(' or ');
  if (typeof kind !== 'string') return [`${at} is ${show(backend)}; give ${possible}`];
  if (!kinds.includes(kind)) return [`${at} cannot be ${kind}(); give ${possible}`];
  const url = isRecord(backend) ? backend.url : undefined;
  if (kind !== 'external') return [];
  // What else a registry's URL must be, its services say when they start.
  const isOther = at === 'backends.registry' && typeof url === 'string' && otherRegistries.test(url);
  if (!isOther && !(typeof url === 'string' && /^https?:/.test(url) && URL.canParse(url))) {
    return [`${at}: external(${show(url)}) needs a URL that begins with http:// or https://`];
  }
  return [];
}

function unknownKeys(record: Record<string, unknown>, known: readonly string[], at: string): string[] {
  return Object.keys(record)
    .filter((key) => !known.includes(key))
    .map((key) => `${at} has no "${key}"${didYouMean(key, known)}; it has ${known.join(', ')}`);
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
