import type { LaneRates, ServiceRates } from '../query/rates.ts';
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
  /** By the lane of the calls; empty where no call had a lane. */
  readonly lanes: readonly LaneRates[];
}

export interface InstanceEntry {
  readonly id: string;
  /** '' is the baseline. */
  readonly lane: string;
  readonly version: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly healthy: boolean;
  readonly state: InstanceState;
  readonly lastSeenMs: number;
}

const noCalls = { requestsPerSecond: 0, errorRate: 0, p50Ms: null, p99Ms: null, lanes: [] };

/**
 * The services that are registered or answered calls lately, with both. `answer` is the reader's. A service that
 * only sent telemetry long ago and is not registered is left out.
 */
export function listServices(answer: Uint8Array, health: readonly InstanceHealth[]): ServicesAnswer {
  const { services } = JSON.parse(new TextDecoder().decode(answer)) as { services: ServiceRates[] };
  const byName = new Map<string, ServiceRates>(services.map((service) => [service.name, service]));
  const instances = Map.groupBy(health, ({ instance }) => instance.service);
  const names = [...byName.keys()].filter((name) => instances.has(name) || byName.get(name)!.requestsPerSecond > 0);
  return {
    services: [...new Set([...names, ...instances.keys()])].sort().map((name) => {
      const entries = (instances.get(name) ?? []).map(entryOf).sort((a, b) => (a.id < b.id ? -1 : 1));
      const { version, ...rates } = { version: '', ...noCalls, ...byName.get(name) };
      const newest = newestOf(entries)?.version ?? version;
      return { ...rates, name, version: newest, instances: entries };
    }),
  };
}

/** The baseline's, where it has any: its version is the service's. */
function newestOf(entries: readonly InstanceEntry[]): InstanceEntry | undefined {
  const present = entries.filter(({ state }) => state !== 'gone');
  return present.find(({ lane }) => lane === '') ?? present[0];
}

function entryOf({ instance, state, lastSeenMs }: InstanceHealth): InstanceEntry {
  const { id, lane, version, endpoints } = instance;
  return { id, lane, version, endpoints, healthy: state === 'ready', state, lastSeenMs };
}
