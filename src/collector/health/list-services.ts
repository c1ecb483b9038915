import type { ServiceRates } from '../query/rates.ts';
import type { InstanceHealth, InstanceState } from './health.ts';

export interface ServicesAnswer {
  readonly services: readonly ServiceEntry[];
}

export interface ServiceEntry {
  readonly name: string;
  readonly version: string;
  readonly instances: readonly InstanceEntry[];
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface InstanceEntry {
  readonly id: string;
  readonly version: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly healthy: boolean;
  readonly state: InstanceState;
  readonly lastSeenMs: number;
}

const noCalls = { requestsPerSecond: 0, errorRate: 0, p50Ms: null, p99Ms: null };

/**
 * The services that are registered or answered calls lately, with both. `rates` is the reader's answer. A service that
 * only sent telemetry long ago and is not registered is left out.
 */
export function listServices(rates: Uint8Array, health: readonly InstanceHealth[]): ServicesAnswer {
  const { services } = JSON.parse(new TextDecoder().decode(rates)) as { services: ServiceRates[] };
  const byName = new Map<string, ServiceRates>(services.map((service) => [service.name, service]));
  const instances = Map.groupBy(health, ({ instance }) => instance.service);
  const names = [...byName.keys()].filter((name) => instances.has(name) || byName.get(name)!.requestsPerSecond > 0);
  return {
    services: [...new Set([...names, ...instances.keys()])].sort().map((name) => {
      const entries = (instances.get(name) ?? []).map(entryOf).sort((a, b) => (a.id < b.id ? -1 : 1));
      const { version, requestsPerSecond, errorRate, p50Ms, p99Ms } = { version: '', ...noCalls, ...byName.get(name) };
      const newest = entries.find(({ state }) => state !== 'gone')?.version ?? version;
      return { name, version: newest, instances: entries, requestsPerSecond, errorRate, p50Ms, p99Ms };
    }),
  };
}

function entryOf({ instance, state, lastSeenMs }: InstanceHealth): InstanceEntry {
  const { id, version, endpoints } = instance;
  return { id, version, endpoints, healthy: state === 'ready', state, lastSeenMs };
}
