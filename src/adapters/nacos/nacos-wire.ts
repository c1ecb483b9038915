import {
  checkInstance,
  DiscoveryErrors,
  type Instance,
  idOf,
  instanceLimits,
  type Listing,
  listingOfAll,
} from '../../discovery/index.ts';
import { record } from './nacos-client.ts';

/** Nacos knows an instance by address, port and cluster; ours lies in its metadata as JSON. */
export interface NacosAddress {
  readonly ip: string;
  readonly port: number;
}

/** That of the first endpoint with a host and port. Throws INVALID_INSTANCE where there is none. */
export function addressOf({ service, id, endpoints }: Instance): NacosAddress {
  for (const text of Object.values(endpoints)) {
    const url = URL.parse(text);
    if (url === null || url.protocol.includes('+unix')) continue;
    return {
      ip: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    };
  }
  throw DiscoveryErrors.INVALID_INSTANCE(
    `instance: ${service}/${id} has no endpoint with a host and port, by which nacos knows it`,
  );
}

export interface Beats {
  readonly token: string;
  readonly heartbeatMs: number;
  readonly ttlMs: number;
  /** Wall clock, for the order of two registrations of one id. */
  readonly since: number;
}

export function metadataOf(instance: Instance, beats: Beats): string {
  return JSON.stringify(textsOf(instance, beats));
}

/** Those of an instance that leaves on purpose, so that watchers can tell it from one that was lost. */
export function farewellOf(instance: Instance, beats: Beats): string {
  return JSON.stringify({
    ...textsOf(instance, beats),
    'flotilla-left': 'true',
    'preserved.ip.delete.timeout': String(beats.ttlMs),
  });
}

function textsOf(instance: Instance, { token, heartbeatMs, ttlMs, since }: Beats): Record<string, string> {
  return {
    flotilla: JSON.stringify(instance),
    'flotilla-token': token,
    'flotilla-since': String(since),
    version: instance.version,
    ...(instance.lane !== '' && { lane: instance.lane }),
    'preserved.heart.beat.interval': String(Math.round(heartbeatMs)),
    'preserved.heart.beat.timeout': String(ttlMs),
    'preserved.ip.delete.timeout': String(ttlMs * 2),
  };
}

/**
 * The instances that can be called, and who said good-bye; of one id registered from two addresses the later one counts.
 * Undefined for what is none of nacos' answers.
 */
export function listingOf(service: string, data: unknown): Listing | undefined {
  const { hosts, reachProtectionThreshold } = record(data);
  if (!Array.isArray(hosts)) return undefined;
  const latest = new Map<string, { readonly instance: Instance; readonly hasLeft: boolean; readonly since: number }>();
  for (const value of hosts) {
    const host = record(value);
    const hasLeft = record(host.metadata)['flotilla-left'] === 'true';
    // Where too many are unhealthy nacos gives all of them, since it doubts itself.
    const isHealthy = host.healthy !== false || reachProtectionThreshold === true;
    if (!hasLeft && (host.enabled === false || !isHealthy)) continue;
    const instance = instanceOf(service, host);
    const since = Number(record(host.metadata)['flotilla-since'] ?? 0);
    if (instance !== undefined && !(since < (latest.get(instance.id)?.since ?? 0)))
      latest.set(instance.id, { instance, hasLeft, since });
  }
  return listingOfAll(latest.values());
}

/** Those that others registered have an address, a weight and texts of theirs only. */
function instanceOf(service: string, host: Readonly<Record<string, unknown>>): Instance | undefined {
  const { flotilla, version = '', lane = '' } = record(host.metadata);
  try {
    if (typeof flotilla === 'string') {
      const instance = checkInstance(JSON.parse(flotilla));
      return instance.service === service ? instance : undefined;
    }
    const ip = String(host.ip);
    const url = `http://${ip.includes(':') ? `[${ip}]` : ip}:${Number(host.port)}`;
    const id = idOf(`${ip}-${Number(host.port)}`);
    const weight = Math.min(Number(host.weight ?? 1), instanceLimits.weight);
    return checkInstance({ id, service, version, lane, weight, endpoints: { rpc: url, http: url } });
  } catch {
    return undefined;
  }
}
