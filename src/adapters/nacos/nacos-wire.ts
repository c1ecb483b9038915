import { checkInstance, DiscoveryErrors, type Instance } from '../../discovery/index.ts';
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

export function metadataOf(instance: Instance, { token, heartbeatMs, ttlMs, since }: Beats): string {
  return JSON.stringify({
    flotilla: JSON.stringify(instance),
    'flotilla-token': token,
    'flotilla-since': String(since),
    version: instance.version,
    ...(instance.lane !== '' && { lane: instance.lane }),
    'preserved.heart.beat.interval': String(Math.round(heartbeatMs)),
    'preserved.heart.beat.timeout': String(ttlMs),
    'preserved.ip.delete.timeout': String(ttlMs * 2),
  });
}

/** The instances that can be called: of one id registered from two addresses the later one. */
export function instancesOf(service: string, data: unknown): readonly Instance[] | undefined {
  const { hosts, reachProtectionThreshold } = record(data);
  if (!Array.isArray(hosts)) return undefined;
  const latest = new Map<string, { readonly instance: Instance; readonly since: number }>();
  for (const value of hosts) {
    const host = record(value);
    // Where too many are unhealthy nacos gives all of them, since it doubts itself.
    if (host.enabled === false || (host.healthy === false && reachProtectionThreshold !== true)) continue;
    const instance = instanceOf(service, host);
    const since = Number(record(host.metadata)['flotilla-since'] ?? 0);
    if (instance !== undefined && !(since < (latest.get(instance.id)?.since ?? 0)))
      latest.set(instance.id, { instance, since });
  }
  return [...latest.values()].map(({ instance }) => instance).sort((a, b) => (a.id < b.id ? -1 : 1));
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
    const id = `${ip}-${Number(host.port)}`.replace(/[^A-Za-z0-9.-]/g, '-');
    const weight = Math.min(Number(host.weight ?? 1), 1_000);
    return checkInstance({ id, service, version, lane, weight, endpoints: { rpc: url, http: url } });
  } catch {
    return undefined;
  }
}
