import { checkInstance, type Instance } from '../../discovery/index.ts';

/** Labels of an EndpointSlice, which are those of its Service. */
export interface SliceLabels {
  readonly version: string;
  readonly lane: string;
}

/** What is used of an EndpointSlice. */
export interface Slice {
  readonly name: string;
  readonly service: string;
  readonly addressType: string;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly ports: readonly Port[];
  readonly endpoints: readonly Endpoint[];
}

interface Port {
  readonly name: string;
  readonly port: number;
  readonly appProtocol: string;
}

interface Endpoint {
  readonly address: string;
  readonly isReady: boolean;
  /** Still answers, though it is about to go. */
  readonly isServing: boolean;
  readonly pod: string;
  readonly zone: string;
  readonly node: string;
}

/** Undefined for an object that is no slice of a service. */
export function parseSlice(value: unknown): Slice | undefined {
  const { metadata, addressType, ports, endpoints } = record(value);
  const { name, labels } = record(metadata);
  const service = record(labels)['kubernetes.io/service-name'];
  if (typeof name !== 'string' || typeof service !== 'string') return undefined;
  return {
    name,
    service,
    addressType: text(addressType),
    labels: record(labels),
    ports: list(ports)
      .map(parsePort)
      .filter(({ port }) => port > 0),
    endpoints: list(endpoints)
      .map(parseEndpoint)
      .filter(({ address }) => address !== ''),
  };
}

/**
 * The instances of a service, from all its slices: one for each pod, or for each address without one, with an endpoint for
 * each named port. A pod with addresses of both families counts once, by its IPv4 address; one that is in two slices for a
 * moment, while Kubernetes moves it, counts once too. Where none is ready, those that end and still serve are taken.
 */
export function instancesOf(service: string, slices: Iterable<Slice>, names: SliceLabels): readonly Instance[] {
  const bestFirst = [...slices].filter((slice) => slice.service === service).sort(byFamily);
  const ready = collect(bestFirst, names, ({ isReady }) => isReady);
  return ready.length > 0 ? ready : collect(bestFirst, names, ({ isServing }) => isServing);
}

interface Found {
  readonly slice: Slice;
  readonly endpoint: Endpoint;
  readonly ports: Map<string, Port>;
}

function collect(
  slices: readonly Slice[],
  names: SliceLabels,
  isTaken: (endpoint: Endpoint) => boolean,
): readonly Instance[] {
  const found = new Map<string, Found>();
  for (const slice of slices) {
    for (const endpoint of slice.endpoints) {
      if (!isTaken(endpoint)) continue;
      const id = idOf(endpoint);
      const known = found.get(id) ?? { slice, endpoint, ports: new Map<string, Port>() };
      found.set(id, known);
      // Another family's address is not mixed in; another slice with further ports of the same address is.
      if (known.endpoint.address === endpoint.address)
        for (const port of slice.ports) if (!known.ports.has(port.name)) known.ports.set(port.name, port);
    }
  }
  return [...found]
    .map(([id, one]) => toInstance(id, one, names))
    .filter((instance) => instance !== undefined)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toInstance(id: string, { slice, endpoint, ports }: Found, names: SliceLabels): Instance | undefined {
  const { zone, node, pod } = endpoint;
  try {
    return checkInstance({
      id,
      service: slice.service,
      version: text(slice.labels[names.version]),
      lane: text(slice.labels[names.lane]),
      endpoints: endpointsOf(endpoint.address, [...ports.values()]),
      metadata: { ...(zone !== '' && { zone }), ...(node !== '' && { node }), ...(pod !== '' && { pod }) },
    });
  } catch {
    return undefined;
  }
}

/** By the names of the ports. The only port is found as `rpc` and `http` as well, whatever its name. */
function endpointsOf(address: string, ports: readonly Port[]): Record<string, string> {
  const host = address.includes(':') ? `[${address}]` : address;
  const urls = Object.fromEntries(ports.map((port) => [port.name, `${schemeOf(port)}://${host}:${port.port}`]));
  const [only, another] = ports;
  if (only === undefined || another !== undefined) return urls;
  const url = urls[only.name]!;
  const { [only.name]: _unnamed, ...rest } = urls;
  return { ...(only.name === '' ? rest : urls), rpc: url, http: url };
}

function schemeOf({ name, appProtocol }: Port): string {
  const said = appProtocol.toLowerCase() || name;
  if (/^(https|wss)\b|\/wss$/.test(said)) return 'https';
  return /^(tcp|tls)\b/.exec(said)?.[1] ?? 'http';
}

/** A pod's name, or what stands for it, as the id of an instance. */
function idOf({ pod, address }: Endpoint): string {
  return (pod || address).replace(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]/, 'n');
}

function byFamily(a: Slice, b: Slice): number {
  const rank = (slice: Slice) => (slice.addressType === 'IPv6' ? 1 : 0);
  return rank(a) - rank(b) || (a.name < b.name ? -1 : 1);
}

function parsePort(value: unknown): Port {
  const { name, port, appProtocol } = record(value);
  return { name: text(name), port: typeof port === 'number' ? port : 0, appProtocol: text(appProtocol) };
}

/** A condition that is not there is unknown: ready counts as true then, and serving is as ready. */
function parseEndpoint(value: unknown): Endpoint {
  const { addresses, conditions, hostname, targetRef, zone, nodeName } = record(value);
  const { ready, serving } = record(conditions);
  const isReady = ready !== false;
  const target = record(targetRef);
  return {
    address: text(list(addresses)[0]),
    isReady,
    isServing: serving === undefined || serving === null ? isReady : serving === true,
    pod: target.kind === 'Pod' ? text(target.name) : text(hostname),
    zone: text(zone),
    node: text(nodeName),
  };
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
