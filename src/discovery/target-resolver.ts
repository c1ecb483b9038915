import type { Context } from '../concurrency/index.ts';
import type { MakeBalancer } from './balancer.ts';
import { idOf } from './dns-instances.ts';
import { DnsLists } from './dns-lists.ts';
import type { DnsSource } from './dns-lookup.ts';
import { checkInstance } from './instance.ts';
import { createResolver, type Resolver } from './resolver.ts';
import { listResolver } from './static-resolver.ts';
import { parseTarget, type Target, urlOf } from './target.ts';

export interface ResolveTargetOptions {
  /** Of services that register. Needed for `discovery:///` and bare names, and no others. */
  readonly resolver?: Resolver | undefined;
  /** Makes the balancer of a `dns:///` or `static:///` target; a resolver has its own. Default: `p2cBalancer`. */
  readonly balancer?: MakeBalancer | undefined;
  /** Of addresses that say none. Default: http. */
  readonly scheme?: 'http' | 'https';
  /** Where the watch of a `dns:///` target lives. Default: `background()`. */
  readonly ctx?: Context;
  /** Default: the system's. */
  readonly dns?: DnsSource;
}

/** A target, with what finds its instances. */
export interface ResolvedTarget {
  /** What the resolver, logs and metrics know it by: the name of the service, or the text of the target. */
  readonly name: string;
  readonly resolver: Resolver;
  /** The name that a certificate of its instances has, where it is not that of their addresses. */
  readonly serverName: string | undefined;
  /** Host and port by which its servers are asked for (`Host`, `:authority`), where those are not their addresses. */
  readonly authority: string | undefined;
  /** Ends what was made for it: not the resolver that was given. */
  close(): Promise<void>;
}

/** Finds out who resolves a target. Throws a TypeError for a target, or options, that make no sense. */
export function resolveTarget(text: string, options: ResolveTargetOptions): ResolvedTarget {
  const target = parseTarget(text);
  const { resolver, balancer } = options;
  if (target.kind === 'discovery') {
    if (resolver === undefined)
      throw new TypeError(
        `target "${text}": it takes a resolver to find a service that registers; give one, or dns:/// or static:///`,
      );
    if (balancer !== undefined)
      throw new TypeError(`target "${text}": the balancer is the resolver's to make; give it to createResolver`);
    return { name: target.service, resolver, serverName: undefined, authority: undefined, async close() {} };
  }
  const made =
    target.kind === 'static' ? staticResolverOf(text, target.addresses, options) : dnsResolver(target, options);
  const hasOneName = target.kind === 'dns' && target.port !== undefined;
  const { scheme = 'http' } = options;
  const serverName = hasOneName ? target.host.replace(/\.$/, '') : undefined;
  return {
    name: text,
    resolver: made,
    serverName,
    // As a URL has it: without the port that the scheme has anyway.
    authority: hasOneName ? URL.parse(`${scheme}://${serverName}:${target.port}`)?.host : undefined,
    close: () => made.close(),
  };
}

function staticResolverOf(
  name: string,
  addresses: readonly string[],
  { balancer, scheme = 'http' }: ResolveTargetOptions,
): Resolver {
  const ids = new Set<string>();
  const instances = addresses.map((address, index) => {
    const url = urlOf(address, scheme);
    // By its address and not by its place in the list: clients that hash must agree.
    const id = ids.has(idOf(address)) ? `${idOf(address)}-${index}` : idOf(address);
    ids.add(id);
    return checkInstance({ id, service: 'static', endpoints: { rpc: url, http: url } });
  });
  return listResolver(new Map([[name, instances]]), balancer === undefined ? {} : { balancer });
}

function dnsResolver({ host, port }: Target & { kind: 'dns' }, options: ResolveTargetOptions): Resolver {
  const { balancer, scheme = 'http', ctx, dns } = options;
  const lists = new DnsLists({ host, port, scheme, ...(dns !== undefined && { dns }) });
  return createResolver(lists, {
    ...(balancer !== undefined && { balancer }),
    ...(ctx !== undefined && { ctx }),
  });
}
