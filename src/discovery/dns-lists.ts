import { type Context, sleep, until } from '../concurrency/index.ts';
import { telemetryOf } from '../observe/index.ts';
import { dnsInstances, idOf } from './dns-instances.ts';
import { type DnsSource, lookupDns, systemDns } from './dns-lookup.ts';
import type { Snapshot } from './registry.ts';
import type { WatchedLists } from './resolver.ts';

export interface DnsListsOptions {
  readonly host: string;
  /** Undefined: `host` is an SRV record, which tells it. */
  readonly port: number | undefined;
  /** Of the endpoints. Default: http. */
  readonly scheme?: 'http' | 'https';
  /** How often DNS is asked, give or take a tenth. Default: 10,000. */
  readonly refreshMs?: number;
  /** Default: the system's. */
  readonly dns?: DnsSource;
  /** From 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
}

/** How soon DNS is asked again that could not be. */
const retryMs = 1_000;

/**
 * Follows what DNS says of a host, as the list of a service. A list that is there is never given up for none: while DNS fails
 * or knows nobody the last one stays. A server keeps its id as long as its address.
 */
export class DnsLists implements WatchedLists {
  readonly advice: { readonly nobody: string; readonly noList: string };
  readonly #options: DnsListsOptions;

  constructor(options: DnsListsOptions) {
    const { host, port } = options;
    const what = port === undefined ? 'SRV records' : 'addresses';
    this.#options = options;
    this.advice = {
      nobody: `DNS knows no ${what} of "${host}"; check the name`,
      noList: `DNS has not answered for "${host}"`,
    };
  }

  /** The list as it is now, then after each change. Ends with `ctx`. */
  async *watch(ctx: Context, service: string): AsyncIterable<Snapshot> {
    const { host, port, scheme, dns = systemDns, refreshMs = 10_000, random = Math.random } = this.#options;
    let last: string | undefined;
    let revision = 0;
    let isAway = false;
    while (ctx.err() === undefined) {
      let pauseMs = refreshMs * (0.9 + 0.2 * random());
      try {
        const nodes = await until(ctx, lookupDns(dns, host, port));
        isAway = false;
        const list = JSON.stringify(nodes);
        const isFirst = last === undefined;
        if (isFirst || (nodes.length > 0 && list !== last)) {
          last = list;
          const instances = dnsInstances(ctx, { service: idOf(host), scheme, nodes });
          yield { service, revision: ++revision, instances };
        }
        // A client that waits for the first servers should not wait for long.
        if (last === '[]') pauseMs = Math.min(pauseMs, retryMs);
      } catch (error) {
        if (ctx.err() !== undefined) return;
        if (!isAway)
          telemetryOf(ctx).log.warn(ctx, `DNS does not answer for ${host}: its last list stays in use`, { error });
        isAway = true;
        pauseMs = Math.min(pauseMs, retryMs * (1 + random()));
      }
      await sleep(ctx, pauseMs).catch(() => {});
    }
  }
}
