import { parseIp } from '../address/ip.ts';
import type { NetAddress } from '../address/net-address.ts';

/** Why a connection was not taken. */
export type LimitRefusal = 'max_connections' | 'max_connections_per_address';

/**
 * Counts open connections, in all and by client, and says when there are too many. A client is an IPv4 address or, since a
 * single IPv6 subscriber has at least that much, an IPv6 network of 64 bits; all Unix sockets together are one. Pure.
 */
export class ConnectionLimits {
  readonly #maxConnections: number;
  readonly #maxPerAddress: number;
  readonly #byClient = new Map<string, number>();
  #open = 0;

  /** Infinity: no limit. */
  constructor(maxConnections: number, maxPerAddress: number) {
    this.#maxConnections = maxConnections;
    this.#maxPerAddress = maxPerAddress;
  }

  /** Connections that have entered and not left. */
  get open(): number {
    return this.#open;
  }

  /** Clients that have a connection; stays 0 where they are not limited. */
  get clients(): number {
    return this.#byClient.size;
  }

  /** Counts one more, or says why not. */
  enter(): LimitRefusal | undefined {
    if (this.#open >= this.#maxConnections) return 'max_connections';
    this.#open++;
    return undefined;
  }

  leave(): void {
    this.#open--;
  }

  /** Counts one more of this client, or says why not. What it answers is for `leaveClient`. */
  enterClient(address: NetAddress | undefined): { readonly client: string } | LimitRefusal {
    if (this.#maxPerAddress === Number.POSITIVE_INFINITY) return unlimited;
    const client = clientOf(address);
    const open = this.#byClient.get(client) ?? 0;
    if (open >= this.#maxPerAddress) return 'max_connections_per_address';
    this.#byClient.set(client, open + 1);
    return { client };
  }

  leaveClient({ client }: { readonly client: string }): void {
    const open = this.#byClient.get(client);
    if (open === undefined) return;
    if (open <= 1) this.#byClient.delete(client);
    else this.#byClient.set(client, open - 1);
  }
}

const unlimited = { client: '' };

function clientOf(address: NetAddress | undefined): string {
  if (address === undefined || address.family === 'unix') return 'unix';
  if (address.family === 'ipv4') return address.host;
  return parseIp(address.host)?.toString('hex', 0, 8) ?? address.host;
}
