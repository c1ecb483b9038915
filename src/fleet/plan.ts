import { dirname, extname, resolve } from 'node:path';
import { defaultConsolePort, defaultReadyTimeoutMs, invalidFleet, unknownServices } from './check.ts';
import type { FleetDefinition } from './definition.ts';

/** One kind of process that the supervisor runs, and what runs in it. */
export interface Unit {
  /** `room`, `backend` or `colocated`; its processes are called `room-1`, `room-2` ... */
  readonly name: string;
  readonly kind: 'service' | 'backend' | 'colocated';
  /** The file that the process runs. */
  readonly entry: string;
  readonly services: readonly UnitService[];
  readonly replicas: number;
  readonly readyTimeoutMs: number;
}

export interface UnitService {
  readonly name: string;
  /** The file that exports `main`. */
  readonly entry: string;
  /** Its public port, or undefined. */
  readonly port: number | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export interface PlanOptions {
  /** Replaces the fleet file's. */
  readonly colocate?: readonly string[] | 'all' | undefined;
  readonly consolePort?: number | undefined;
  /** Replaces the public port of the only service that has one, or of the named ones. */
  readonly ports?: readonly PortChoice[];
}

export interface PortChoice {
  readonly service: string | undefined;
  readonly port: number;
}

const ext = extname(import.meta.filename);
const ownFile = (name: string) => resolve(import.meta.dirname, `${name}${ext}`);

/**
 * What the supervisor runs: the back end first, then a unit per service, or one for all that are colocated. Each
 * colocated service runs once, whatever its replicas say: that is what sharing a process means.
 */
export function plan(definition: FleetDefinition, file: string, options: PlanOptions = {}): readonly Unit[] {
  const names = Object.keys(definition.services);
  const together = colocated(options.colocate ?? definition.colocate, names);
  const ports = chosenPorts(definition, options.ports ?? []);
  const describe = (name: string): UnitService => {
    const { path, env } = serviceOf(definition, name);
    return { name, entry: resolve(dirname(file), path), port: ports.get(name), env: env ?? {} };
  };
  const units: Unit[] = [backendUnit(options.consolePort ?? definition.consolePort ?? defaultConsolePort)];
  if (together.length > 0) {
    const timeouts = together.map((name) => serviceOf(definition, name).readyTimeoutMs ?? defaultReadyTimeoutMs);
    const entry = ownFile('colocate-main');
    const services = together.map(describe);
    units.push({
      name: 'colocated',
      kind: 'colocated',
      entry,
      services,
      replicas: 1,
      readyTimeoutMs: Math.max(...timeouts),
    });
  }
  for (const name of names.filter((one) => !together.includes(one))) {
    const { replicas = 1, readyTimeoutMs = defaultReadyTimeoutMs } = serviceOf(definition, name);
    const own = describe(name);
    units.push({ name, kind: 'service', entry: own.entry, services: [own], replicas, readyTimeoutMs });
  }
  return units;
}

function backendUnit(port: number): Unit {
  const entry = ownFile('backend-main');
  const services = [{ name: 'backend', entry, port, env: {} }];
  return { name: 'backend', kind: 'backend', entry, services, replicas: 1, readyTimeoutMs: defaultReadyTimeoutMs };
}

function colocated(choice: readonly string[] | 'all' | undefined, names: readonly string[]): readonly string[] {
  if (choice === undefined) return [];
  if (choice === 'all') return names;
  const problems = unknownServices(choice, names, 'colocate');
  if (problems.length > 0) throw invalidFleet(problems);
  return names.filter((name) => choice.includes(name));
}

function chosenPorts(definition: FleetDefinition, choices: readonly PortChoice[]): Map<string, number | undefined> {
  const ports = new Map(Object.entries(definition.services).map(([name, { port }]) => [name, port]));
  const open = [...ports].filter(([, port]) => port !== undefined).map(([name]) => name);
  for (const { service, port } of choices) {
    const name = service ?? open[0];
    if (service !== undefined && !open.includes(service)) {
      throw invalidFleet([
        `--port ${service}=${port}: ${service} has no public port; these have one: ${open.join(', ') || 'none'}`,
      ]);
    }
    if (name === undefined)
      throw invalidFleet([`--port ${port}: no service has a public port; give one in the fleet file`]);
    if (service === undefined && open.length > 1) {
      throw invalidFleet([
        `--port ${port}: ${open.join(' and ')} have public ports; say which, like --port ${name}=${port}`,
      ]);
    }
    ports.set(name, port);
  }
  return ports;
}

function serviceOf(definition: FleetDefinition, name: string) {
  const service = definition.services[name];
  if (service === undefined) throw new TypeError(`the fleet has no service "${name}"`);
  return service;
}
