import { BlockList, isIP } from 'node:net';
import type { NetAddress } from '../address/net-address.ts';

export interface ProxyProtocolOptions {
  /**
   * The proxies that are believed: IP addresses, networks (`10.0.0.0/8`, `2001:db8::/32`), and `unix` for whoever reaches a
   * Unix socket. From these a header is demanded; what others send is never taken for one.
   */
  readonly from: readonly string[];
  /** How long the header may take to come, in milliseconds. Default: 3,000. */
  readonly timeoutMs?: number;
}

/** Which peers are believed. */
export interface TrustedSources {
  has(address: NetAddress): boolean;
}

/** Throws a RangeError for an entry that is no address, network or `unix`, and for a list without any. */
export function trustedSources(where: string, { from, timeoutMs = 1 }: ProxyProtocolOptions): TrustedSources {
  if (from.length === 0)
    throw new RangeError(`${where}: proxyProtocol.from is empty; name the proxies that are believed`);
  if (!(timeoutMs >= 1)) throw new RangeError(`${where}: proxyProtocol.timeoutMs is ${timeoutMs}; it must be from 1`);
  const list = new BlockList();
  for (const entry of from) if (entry !== 'unix') add(list, entry, where);
  const hasUnix = from.includes('unix');
  return {
    has(address) {
      return address.family === 'unix' ? hasUnix : list.check(address.host, address.family);
    },
  };
}

function add(list: BlockList, entry: string, where: string): void {
  const [host = '', prefix, ...rest] = entry.split('/');
  const version = isIP(host);
  const bits = prefix === undefined ? 0 : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (version === 0 || rest.length > 0 || !(bits <= (version === 4 ? 32 : 128)))
    throw new RangeError(`${where}: proxyProtocol.from has "${entry}", which is no address, network or "unix"`);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (prefix === undefined) list.addAddress(host, family);
  else list.addSubnet(host, bits, family);
}
