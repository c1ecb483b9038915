import type { DnsNode } from './dns-lookup.ts';
import { checkInstance } from './instance.ts';
import type { Instance } from './registry.ts';

/** What DNS knows of a server, as an instance: its id follows from its address, so that it keeps it. */
export function dnsInstance(service: string, { host, port, weight }: DnsNode, scheme: 'http' | 'https'): Instance {
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return checkInstance({ id: idOf(`${host}-${port}`), service, endpoints: { rpc: url, http: url }, weight });
}

/** An address as the id of an instance: other characters become dashes, and it starts with a letter or digit. */
export function idOf(address: string): string {
  const id = address.replace(/[^A-Za-z0-9._-]/g, '-').slice(-120);
  return /^[A-Za-z0-9]/.test(id) ? id : `n${id}`;
}
