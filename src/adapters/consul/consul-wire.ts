import {
  checkInstance,
  DiscoveryErrors,
  type Instance,
  idOf,
  instanceLimits,
  type Listing,
  listingOfAll,
} from '../../discovery/index.ts';

/**
 * An instance as a service of Consul. Its JSON lies in the service's metadata, in pieces, since Consul bounds a value to 512
 * bytes and the names of keys; name, address and port are there for whoever else looks.
 */
export interface ServiceDefinition {
  readonly ID: string;
  readonly Name: string;
  readonly Address: string;
  readonly Port: number;
  readonly Tags: readonly string[];
  readonly Meta: Readonly<Record<string, string>>;
  readonly Check: Readonly<Record<string, string>>;
}

const pieceBytes = 512;
/** Consul takes 64 pairs; some are for the token and for people. */
const maxPieces = 56;

export function serviceId({ service, id }: Pick<Instance, 'service' | 'id'>): string {
  return `${service}:${id}`;
}

export function checkId(instance: Instance): string {
  return `service:${serviceId(instance)}`;
}

export function definitionOf(instance: Instance, token: string, ttlMs: number): ServiceDefinition {
  const { Address, Port } = addressOf(instance);
  const { version, lane } = instance;
  return {
    ID: serviceId(instance),
    Name: instance.service,
    Address,
    Port,
    Tags: ['flotilla'],
    Meta: { version, ...(lane !== '' && { lane }), 'flotilla-token': token, ...pieces(instance) },
    Check: {
      CheckID: checkId(instance),
      TTL: `${ttlMs}ms`,
      Status: 'passing',
      // The least that Consul takes.
      DeregisterCriticalServiceAfter: '1m',
    },
  };
}

/**
 * What an instance that leaves is registered as for a while: saying that it left, so that watchers can tell it from one that was
 * lost. Critical where Consul does not know its check; a check that is known keeps its status, and is failed by itself.
 */
export function farewellOf(instance: Instance, token: string, ttlMs: number): ServiceDefinition {
  const { Meta, Check, ...definition } = definitionOf(instance, token, ttlMs);
  return { ...definition, Meta: { ...Meta, 'flotilla-left': 'true' }, Check: { ...Check, Status: 'critical' } };
}

/**
 * Those that no check calls critical, and who said good-bye. Of one id on several nodes the one that changed last counts.
 * Undefined for what is none of consul's answers.
 */
export function listingOf(entries: unknown): Listing | undefined {
  if (!Array.isArray(entries)) return undefined;
  const latest = new Map<string, { readonly instance: Instance; readonly hasLeft: boolean; readonly at: number }>();
  for (const entry of entries) {
    const { Service, Node, Checks } = record(entry);
    const service = record(Service);
    const hasLeft = record(service.Meta)['flotilla-left'] === 'true';
    const isCritical = Array.isArray(Checks) && Checks.some((check) => record(check).Status === 'critical');
    const instance = isCritical && !hasLeft ? undefined : instanceOf(service, record(Node));
    const at = Number(service.ModifyIndex ?? 0);
    if (instance !== undefined && !(at < (latest.get(instance.id)?.at ?? 0)))
      latest.set(instance.id, { instance, hasLeft, at });
  }
  return listingOfAll(latest.values());
}

/** What a service stands for; undefined for one that cannot be called. Those that others registered have an address only. */
export function instanceOf(
  service: Readonly<Record<string, unknown>>,
  node: Readonly<Record<string, unknown>>,
): Instance | undefined {
  const meta = record(service.Meta);
  try {
    const json = joined(meta);
    if (json !== '') return checkInstance(JSON.parse(json));
    const host = String(service.Address || node.Address || '');
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${Number(service.Port)}`;
    return checkInstance({
      id: idOf(String(service.ID)),
      service: service.Service,
      version: meta.version ?? '',
      lane: meta.lane ?? '',
      // Consul takes up to 65,535.
      weight: Math.min(Number(record(service.Weights).Passing ?? 1), instanceLimits.weight),
      endpoints: { rpc: url, http: url },
    });
  } catch {
    return undefined;
  }
}

export function tokenOf(service: unknown): string | undefined {
  const token = record(record(service).Meta)['flotilla-token'];
  return typeof token === 'string' ? token : undefined;
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function pieces(instance: Instance): Record<string, string> {
  // Escaped, so that a piece has as many bytes as characters.
  const json = JSON.stringify(instance).replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const count = Math.ceil(json.length / pieceBytes);
  if (count > maxPieces) {
    throw DiscoveryErrors.INVALID_INSTANCE(
      `instance: ${instance.service}/${instance.id} has ${json.length} bytes as JSON; consul takes up to ${maxPieces * pieceBytes}`,
    );
  }
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`flotilla-${n}`, json.slice(n * pieceBytes, (n + 1) * pieceBytes)]),
  );
}

function joined(meta: Readonly<Record<string, unknown>>): string {
  let json = '';
  for (let n = 0; typeof meta[`flotilla-${n}`] === 'string'; n++) json += meta[`flotilla-${n}`];
  return json;
}

/** That of the first endpoint with a host and port. */
function addressOf({ endpoints }: Instance): { readonly Address: string; readonly Port: number } {
  for (const text of Object.values(endpoints)) {
    const url = URL.parse(text);
    if (url === null || url.protocol.includes('+unix')) continue;
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    return { Address: url.hostname.replace(/^\[|\]$/g, ''), Port: port };
  }
  return { Address: '', Port: 0 };
}
