import { fileURLToPath } from 'node:url';
import {
  cachedRegistry,
  deferredRegistry,
  dnsRegistry,
  fileRegistry,
  httpRegistry,
  type Registry,
  withoutAccount,
} from '../discovery/index.ts';
import { StatusError } from '../errors/index.ts';

/** A URL that may name several hosts, which URLs of the platform cannot. */
interface RegistryUrl {
  readonly scheme: string;
  readonly user: string;
  readonly password: string;
  readonly hosts: readonly string[];
  readonly path: string;
  readonly query: URLSearchParams;
}

/**
 * The registry that a URL names. Lists of those over a network are kept in `cacheDir` too, if it is given. Adapters are loaded when they are
 * used first. Throws INVALID_CONFIG for a URL that names none.
 *
 * - `http://host:port`, `https://...` the one that `flotilla up` runs, or `registryRoutes`
 * - `etcd://[user:password@]host:2379,host:2379[/prefix]`, `etcds://...` for TLS
 * - `consul://[:token@]host:8500[?dc=name]`, `consuls://...`
 * - `nacos://[user:password@]host:8848,host:8848[/namespace][?group=name]`, `nacoss://...`
 * - `kubernetes:///[namespace]`
 * - `dns:///[suffix]?port=8080` for addresses, `dns:///[suffix][?portName=rpc]` for SRV records
 * - `file:///path.yaml`
 */
export function registryOf(text: string, cacheDir: string | undefined): Registry {
  const url = parse(text);
  const source = withoutAccount(text);
  const kept = (registry: Registry) =>
    cacheDir === undefined ? registry : cachedRegistry(registry, { dir: cacheDir, source, waitMs: keptAfterMs });
  const { scheme } = url;
  checkParts(url, text);
  if ((scheme === 'http' || scheme === 'https') && URL.canParse(text)) return kept(httpRegistry({ url: text }));
  if (scheme === 'file' && url.hosts.length === 0) return fileRegistry(fileURLToPath(text));
  if (scheme === 'kubernetes' && url.hosts.length === 0) return kept(kubernetes(url));
  if (scheme === 'dns' && url.hosts.length === 0) return kept(dns(url, text));
  if (url.hosts.length === 0) throw invalid(text);
  if (/^etcds?$/.test(scheme)) return kept(etcd(url));
  if (/^consuls?$/.test(scheme) && url.hosts.length === 1) return kept(consul(url));
  if (/^nacoss?$/.test(scheme)) return kept(nacos(url));
  throw invalid(text);
}

/** What may stand in a URL of each registry, beside hosts and a path; those that are not here take neither. */
const parts: Readonly<Record<string, { readonly hasAccount?: boolean; readonly query?: readonly string[] }>> = {
  etcd: { hasAccount: true },
  consul: { hasAccount: true, query: ['dc'] },
  nacos: { hasAccount: true, query: ['group'] },
  dns: { query: ['port', 'portName'] },
};

/** What nobody reads is refused: a name that was mistaken, or a secret that would be shown. */
function checkParts({ scheme, user, password, path, query }: RegistryUrl, text: string): void {
  const { hasAccount = false, query: names = [] } = parts[scheme] ?? parts[scheme.replace(/s$/, '')] ?? {};
  if (!hasAccount && `${user}${password}` !== '') throw invalid(text, 'it takes no name and password');
  if (scheme !== 'file' && path.includes('@')) throw invalid(text, 'a slash in a password is written as %2F');
  const unknown = [...query.keys()].filter((name) => !names.includes(name));
  if (unknown.length > 0) throw invalid(text, `it takes no ${JSON.stringify(unknown[0]!.slice(0, 40))} in its query`);
}

/** A registry that answers at all does so by then; a call waits for its first list longer than this. */
const keptAfterMs = 3_000;

function etcd({ scheme, user: username, password, hosts, path }: RegistryUrl): Registry {
  return deferredRegistry(async () => {
    const { etcdRegistry } = await import('../adapters/etcd/index.ts');
    return etcdRegistry({
      endpoints: hosts.map((host) => `${scheme === 'etcds' ? 'https' : 'http'}://${withPort(host, 2379)}`),
      ...(path !== '' && { prefix: `/${path}` }),
      ...(username !== '' && { auth: { username, password } }),
    });
  });
}

function consul({ scheme, user, password, hosts, query }: RegistryUrl): Registry {
  return deferredRegistry(async () => {
    const { consulRegistry } = await import('../adapters/consul/index.ts');
    const token = password || user;
    const datacenter = query.get('dc');
    return consulRegistry({
      url: `${scheme === 'consuls' ? 'https' : 'http'}://${withPort(hosts[0]!, 8500)}`,
      ...(token !== '' && { token }),
      ...(datacenter !== null && { datacenter }),
    });
  });
}

function nacos({ scheme, user: username, password, hosts, path, query }: RegistryUrl): Registry {
  return deferredRegistry(async () => {
    const { nacosRegistry } = await import('../adapters/nacos/index.ts');
    const group = query.get('group');
    return nacosRegistry({
      urls: hosts.map((host) => `${scheme === 'nacoss' ? 'https' : 'http'}://${withPort(host, 8848)}`),
      ...(path !== '' && { namespace: path }),
      ...(group !== null && { group }),
      ...(username !== '' && { username, password }),
    });
  });
}

function kubernetes({ path }: RegistryUrl): Registry {
  return deferredRegistry(async () => {
    const { kubernetesRegistry } = await import('../adapters/kubernetes/index.ts');
    return kubernetesRegistry(path === '' ? {} : { namespace: path });
  });
}

function dns({ path: suffix, query }: RegistryUrl, text: string): Registry {
  const [port, portName] = [query.get('port'), query.get('portName')];
  if (port !== null && !(Number(port) > 0 && Number(port) < 65_536 && /^\d+$/.test(port))) throw invalid(text);
  return dnsRegistry({
    ...(suffix !== '' && { suffix }),
    ...(port !== null && { port: Number(port) }),
    ...(portName !== null && { portName }),
  });
}

function parse(text: string): RegistryUrl {
  const found = /^([a-z]+):\/\/(?:([^@/?]*)@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/.exec(text);
  if (found === null) throw invalid(text);
  const [, scheme = '', account = '', hosts = '', path = '', query = ''] = found;
  const colon = account.indexOf(':');
  try {
    return {
      scheme,
      user: decodeURIComponent(colon < 0 ? account : account.slice(0, colon)),
      password: colon < 0 ? '' : decodeURIComponent(account.slice(colon + 1)),
      hosts: hosts.split(',').filter((host) => host !== ''),
      path: decodeURIComponent(path.replace(/^\/|\/$/g, '')),
      query: new URLSearchParams(query),
    };
  } catch {
    throw invalid(text);
  }
}

function withPort(host: string, port: number): string {
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}

/** As the first comment of {@link registryOf} has them, for an URL of a known scheme that is not of its form. */
const forms: ReadonlyMap<string, string> = new Map([
  ['http', 'http://HOST:PORT or https://HOST:PORT'],
  ['etcd', 'etcd://[USER:PASSWORD@]HOST:2379[,HOST:2379][/PREFIX], or etcds:// for TLS'],
  ['consul', 'consul://[:TOKEN@]HOST:8500[?dc=NAME], or consuls:// for TLS'],
  ['nacos', 'nacos://[USER:PASSWORD@]HOST:8848[,HOST:8848][/NAMESPACE][?group=NAME], or nacoss:// for TLS'],
  ['kubernetes', 'kubernetes:///[NAMESPACE], with three slashes'],
  ['dns', 'dns:///SUFFIX?port=8080 or dns:///SUFFIX?portName=NAME, with three slashes'],
  ['file', 'file:///PATH, an absolute one'],
]);

/** Neither a password nor what its query says is shown. */
function invalid(text: string, why?: string): StatusError {
  const shown = JSON.stringify(withoutAccount(text).replace(/\?.*/s, '?…'));
  const scheme = /^[a-z]+(?=:)/.exec(text)?.[0] ?? '';
  const known = forms.get(scheme) ?? forms.get(scheme.replace(/s$/, ''));
  const form =
    known !== undefined
      ? `such a registry is ${known}`
      : 'it must be an http or https URL such as http://127.0.0.1:8081, or one of ' +
        'etcd://, consul://, nacos://, kubernetes:///, dns:/// and file:///';
  return new StatusError(
    'invalid_argument',
    `FLOTILLA_REGISTRY_URL is ${shown}; ${why === undefined ? '' : `${why}; `}${form}`,
    { reason: 'INVALID_CONFIG', metadata: { variable: 'FLOTILLA_REGISTRY_URL' } },
  );
}
