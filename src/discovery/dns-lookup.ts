import { lookup, resolveSrv } from 'node:dns/promises';

/** One server, as DNS tells it. */
export interface DnsNode {
  /** An address (A, AAAA; an IPv6 one without brackets) or a name (SRV). */
  readonly host: string;
  readonly port: number;
  /** 1 for addresses; up to 1,000. */
  readonly weight: number;
}

/** What is asked: the functions of `node:dns/promises`, or a test's. */
export interface DnsSource {
  addresses(host: string): Promise<readonly { readonly address: string; readonly family: number }[]>;
  services(
    name: string,
  ): Promise<
    readonly { readonly name: string; readonly port: number; readonly priority: number; readonly weight: number }[]
  >;
}

/**
 * Addresses as the machine finds them (its hosts file and search domains count), not by asking a name server itself: short
 * names must mean the same as everywhere else on it.
 */
export const systemDns: DnsSource = {
  addresses: (host) => lookup(host, { all: true, order: 'verbatim' }),
  services: (name) => resolveSrv(name),
};

/** DNS says that there is nobody; all its other failures say that it could not be asked. */
const nobody: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * The servers of a host with this port, or, without a port, of an SRV record; sorted, each once. Of a host with addresses of
 * both families only those of IPv4: one server must not count as two. Of SRV records those of the first priority (RFC 2782).
 * Empty where DNS knows none. Throws what the lookup threw. It cannot be cancelled, and ends by itself.
 */
export async function lookupDns(source: DnsSource, host: string, port: number | undefined): Promise<DnsNode[]> {
  try {
    const found =
      port === undefined ? ofServices(await source.services(host)) : ofAddresses(await source.addresses(host), port);
    const unique = new Map(found.map((node) => [`${node.host} ${node.port}`, node]));
    return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, node]) => node);
  } catch (error) {
    if (nobody.has((error as NodeJS.ErrnoException).code)) return [];
    throw error;
  }
}

function ofAddresses(found: Awaited<ReturnType<DnsSource['addresses']>>, port: number): DnsNode[] {
  const family = found.some((one) => one.family === 4) ? 4 : 6;
  return found.filter((one) => one.family === family).map(({ address }) => ({ host: address, port, weight: 1 }));
}

function ofServices(found: Awaited<ReturnType<DnsSource['services']>>): DnsNode[] {
  // RFC 2782: a target of "." says that the service is decidedly not available.
  const there = found.filter(({ name }) => name !== '' && name !== '.');
  const first = Math.min(...there.map(({ priority }) => priority));
  const used = there.filter(({ priority }) => priority === first);
  const most = Math.max(...used.map(({ weight }) => weight));
  return used.map(({ name, port, weight }) => ({
    host: name.replace(/\.$/, ''),
    port,
    weight: weightOf(weight, most),
  }));
}

/** Weights of SRV go to 65,535, ours to 1,000. One of 0 beside others has a small chance; where all are 0 they are equal. */
function weightOf(weight: number, most: number): number {
  if (most === 0) return 1;
  const scaled = most > 1_000 ? (weight * 1_000) / most : weight;
  return Math.max(scaled, Math.min(1, most / 1_000));
}
