import type { Context } from '../concurrency/index.ts';
import { telemetryOf } from '../observe/index.ts';
import type { DnsNode } from './dns-lookup.ts';
import { checkInstance } from './instance.ts';
import type { Instance } from './registry.ts';

export interface DnsAnswer {
  /** Its name as instances have it. */
  readonly service: string;
  /** Default: http. */
  readonly scheme?: 'http' | 'https' | undefined;
  readonly nodes: readonly DnsNode[];
}

/** What DNS answered as instances. A record that makes none is left out and told of; a server keeps its id as long as its address. */
export function dnsInstances(ctx: Context, { service, scheme = 'http', nodes }: DnsAnswer): Instance[] {
  const instances: Instance[] = [];
  for (const { host, port, weight } of nodes) {
    const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    try {
      instances.push(
        checkInstance({ id: idOf(`${host}-${port}`), service, endpoints: { rpc: url, http: url }, weight }),
      );
    } catch (error) {
      telemetryOf(ctx).log.warn(ctx, `a record of ${service} in DNS is left out: ${host}:${port}`, { error });
    }
  }
  return instances;
}

/** An address as the id of an instance: other characters become dashes, and it starts with a letter or digit. */
export function idOf(address: string): string {
  const id = address.replace(/[^A-Za-z0-9._-]/g, '-').slice(-120);
  return /^[A-Za-z0-9]/.test(id) ? id : `n${id}`;
}
