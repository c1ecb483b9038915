import { isIP } from 'node:net';

/** Whom a client calls, as its `target` says it. */
export type Target =
  /** A service in the registry: `room`, `discovery:///room`. */
  | { readonly kind: 'discovery'; readonly service: string }
  /** Hosts by DNS: `dns:///room.internal:8080` (A and AAAA), `dns:///_rpc._tcp.room.internal` (SRV, without a port). */
  | { readonly kind: 'dns'; readonly host: string; readonly port: number | undefined }
  /** Just these: `static:///10.0.0.1:8080,10.0.0.2:8080`, `static:///https://room.example`. */
  | { readonly kind: 'static'; readonly addresses: readonly string[] };

const forms =
  'give the name of a service (room or discovery:///room), dns:///HOST:PORT, dns:///_SERVICE._tcp.DOMAIN, or static:///HOST:PORT,HOST:PORT';
const scheme = /^([a-z][a-z0-9+.-]*):\/\//i;
const serviceName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const hostName =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?$/;
/** RFC 2782: `_service._protocol.name`. */
const serviceRecord = /^_[^.]+\._(tcp|udp)\../i;
const maxAddresses = 1_000;
const urlProtocols: ReadonlySet<string> = new Set(['http:', 'https:', 'http+unix:', 'https+unix:']);

/** Reads a target. Throws a TypeError that names the forms there are. */
export function parseTarget(text: string): Target {
  const named = scheme.exec(text);
  if (named === null) return { kind: 'discovery', service: service(text, text) };
  const kind = named[1]!.toLowerCase();
  const rest = text.slice(named[0].length);
  if (kind !== 'discovery' && kind !== 'dns' && kind !== 'static')
    throw invalid(text, `"${kind}" is no kind of target`);
  if (!rest.startsWith('/')) throw invalid(text, `nothing may stand between ${kind}:// and the third slash`);
  const path = rest.slice(1);
  if (kind === 'discovery') return { kind, service: service(path, text) };
  return kind === 'dns' ? dns(path, text) : { kind, addresses: addresses(path, text) };
}

/** The URL of an address, `10.0.0.1:8080` or a URL already, with this scheme where it says none. */
export function urlOf(address: string, defaultScheme: 'http' | 'https'): string {
  return scheme.test(address) ? address : `${defaultScheme}://${address}`;
}

function service(name: string, text: string): string {
  if (serviceName.test(name)) return name;
  if (hostAndPort(name) !== undefined)
    throw invalid(text, `"${name}" is an address and no name of a service; did you mean static:///${name}`);
  throw invalid(text, `"${name}" is no name of a service`);
}

function dns(path: string, text: string): Target {
  const { host, port } = hostAndPort(path) ?? { host: path, port: undefined };
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0)
    throw invalid(text, `"${host}" is an address, which needs no DNS; did you mean static:///${path}`);
  if (!hostName.test(host)) throw invalid(text, `"${host}" is no host name`);
  if (port === undefined && !serviceRecord.test(host))
    throw invalid(text, 'it has no port, which only SRV records tell');
  if (port !== undefined && serviceRecord.test(host)) throw invalid(text, 'SRV records tell the port');
  return { kind: 'dns', host, port };
}

function addresses(path: string, text: string): string[] {
  const list = path.split(',').map((address) => address.trim());
  if (list.length > maxAddresses)
    throw invalid(text.slice(0, 80), `it has ${list.length} addresses, more than ${maxAddresses}`);
  const seen = new Set<string>();
  for (const address of list) {
    if (scheme.test(address)) checkUrl(address, text);
    else if (hostAndPort(address) === undefined) throw invalid(text, `"${address}" is neither HOST:PORT nor a URL`);
    if (seen.has(address)) throw invalid(text, `"${address}" is in it twice`);
    seen.add(address);
  }
  return list;
}

/** A path may stand before those of methods, as behind a proxy. */
function checkUrl(address: string, text: string): void {
  const url = URL.parse(address);
  if (url === null) throw invalid(text, `"${address}" is neither HOST:PORT nor a URL`);
  // The text is not repeated: it holds a secret.
  if (url.username !== '' || url.password !== '')
    throw invalid(
      `${text.slice(0, text.indexOf(':///'))}:///...`,
      `the URL of ${url.host} has a name or a password, which calls do not carry`,
    );
  if (!urlProtocols.has(url.protocol)) throw invalid(text, `"${address}" is no URL of http or https`);
  if (url.search !== '' || url.hash !== '')
    throw invalid(text, `"${address}" has ${url.search}${url.hash}, which no call could carry`);
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]/@?#\s]+):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, host = '', digits = ''] = match;
  const port = Number(digits);
  const isHost = host.startsWith('[') ? isIP(host.slice(1, -1)) === 6 : hostName.test(host);
  return isHost && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

function invalid(text: string, why: string): TypeError {
  return new TypeError(`target ${JSON.stringify(text)}: ${why}; ${forms}`);
}
