import { type Context, sleep, until } from '../concurrency/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { dnsInstances } from './dns-instances.ts';
import { type DnsSource, lookupDns, systemDns } from './dns-lookup.ts';
import type { Instance, Registry } from './registry.ts';
import { type Lease, type ListSource, type Lists, listOf, listsOf, type RegistryBackend } from './registry-backend.ts';
import { type RemoteRegistryOptions, remoteRegistry } from './remote-registry.ts';

export interface DnsRegistryOptions extends RemoteRegistryOptions {
  /** What follows a service's name in DNS: `live.svc.cluster.local`. Default: nothing. */
  readonly suffix?: string;
  /** The port of all instances, whose addresses are A and AAAA records. Default: SRV records tell it. */
  readonly port?: number;
  /** The first part of the names of SRV records, `_rpc._tcp.room`. Default: `rpc`. */
  readonly portName?: string;
  /** Of the endpoints. Default: http. */
  readonly scheme?: 'http' | 'https';
  /** What `watchAll` shows: DNS cannot be asked for all there is. Default: none. */
  readonly services?: readonly string[];
  /** How often DNS is asked, give or take a tenth; the machine's own cache keeps to the records' TTL. Default: 10,000. */
  readonly refreshMs?: number;
  /** Default: the system's. */
  readonly dns?: DnsSource;
}

/**
 * Lists from DNS: the addresses of `room.SUFFIX` with one port, or the SRV records of `_rpc._tcp.room.SUFFIX`. While DNS
 * fails, or knows nobody any more, the last list stays in use. Nobody can register: READ_ONLY. Throws a RangeError for an
 * option out of its range.
 */
export function dnsRegistry(options: DnsRegistryOptions = {}): Registry {
  return remoteRegistry(new DnsBackend(options), options);
}

/** How soon DNS is asked again that has known nobody yet. */
const emptyMs = 1_000;

/** What DNS said last of a service. */
interface Known {
  readonly text: string;
  readonly instances: readonly Instance[];
}

class DnsBackend implements RegistryBackend {
  readonly name: string;
  readonly #options: DnsRegistryOptions;
  readonly #refreshMs: number;
  readonly #random: () => number;

  constructor(options: DnsRegistryOptions) {
    const { suffix = '', port, refreshMs = 10_000, random = Math.random } = options;
    if (!(refreshMs > 0)) throw new RangeError(`dnsRegistry: refreshMs ${refreshMs} is not a number above 0`);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
      throw new RangeError(`dnsRegistry: port ${port} is not a whole number from 1 to 65,535`);
    this.name = suffix === '' ? 'DNS' : `DNS below ${suffix}`;
    this.#options = options;
    this.#refreshMs = refreshMs;
    this.#random = random;
  }

  async register(_ctx: Context, { service, id }: Instance): Promise<Lease> {
    throw DiscoveryErrors.READ_ONLY(
      `register ${service}/${id}: the records of ${this.#hostOf(service)} say who is there`,
    );
  }

  source(service: string | undefined): ListSource {
    const { services = [] } = this.#options;
    const known = new Map<string, Known>();
    return {
      read: (ctx) =>
        this.#asked(ctx, async () => {
          for (const name of service === undefined ? services : [service])
            known.set(name, await this.#instances(ctx, name, known.get(name)));
          return service === undefined
            ? listsOf(
                [...known.values()].flatMap(({ instances }) => instances),
                true,
              )
            : listOf(service, known.get(service)!.instances, true);
        }),
    };
  }

  async close(): Promise<void> {}

  async *#asked(ctx: Context, ask: () => Promise<Lists>): AsyncGenerator<Lists> {
    for (;;) {
      const lists = await ask();
      const isEmpty = [...lists.services.values()].every(({ instances }) => instances.length === 0);
      yield lists;
      const pauseMs = isEmpty ? Math.min(emptyMs, this.#refreshMs) : this.#refreshMs;
      await sleep(ctx, pauseMs * (0.9 + this.#random() / 5));
    }
  }

  /** A list that is there is never given up for none: a name that is missing for a moment is a common fault of DNS. */
  async #instances(ctx: Context, service: string, last: Known | undefined): Promise<Known> {
    const { port, scheme, dns = systemDns } = this.#options;
    const nodes = await until(ctx, lookupDns(dns, this.#hostOf(service), port));
    if (nodes.length === 0 && last !== undefined) return last;
    const text = JSON.stringify(nodes);
    // What is wrong with a record is told once, not with each look.
    return text === last?.text ? last : { text, instances: dnsInstances(ctx, { service, scheme, nodes }) };
  }

  #hostOf(service: string): string {
    const { suffix = '', port, portName = 'rpc' } = this.#options;
    const host = suffix === '' ? service : `${service}.${suffix}`;
    return port === undefined ? `_${portName}._tcp.${host}` : host;
  }
}
