import { type Clock, type Context, until } from '../concurrency/index.ts';
import type { TlsClientOptions } from '../net/tcp/index.ts';
import { type NodeLease, NodeSession } from './node-session.ts';
import { RpcErrors } from './rpc-errors.ts';

export interface NodePoolOptions {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Connections to one node; another is made when the others run as many calls as the node takes. */
  readonly maxConnections: number;
  /** How https nodes are spoken to; with it, others are not spoken to at all. */
  readonly tls?: Omit<TlsClientOptions, 'alpnProtocols'>;
}

/**
 * The connections of a client, by node address. One that ends leaves the pool at once: a node that drained said so, a
 * node that died closed it, and one that nobody calls any more is closed when it has been idle.
 */
export class NodePool {
  readonly #options: NodePoolOptions;
  readonly #nodes = new Map<string, NodeSession[]>();
  #closed = false;

  constructor(options: NodePoolOptions) {
    this.#options = options;
  }

  /** How many connections there are to an address. */
  connections(url: string): number {
    return this.#nodes.get(url)?.length ?? 0;
  }

  /**
   * Room for a call on a connection that is ready, made if need be. Waits no longer than the Context. Throws CONNECT_FAILED
   * if the node cannot be reached and TOO_MANY_CALLS if all its connections are full.
   */
  async lease(ctx: Context, url: string): Promise<NodeLease> {
    for (;;) {
      ctx.throwIfDone();
      const session = this.#choose(url);
      const lease = session.lease();
      try {
        await until(ctx, session.ready);
      } catch (error) {
        lease.release();
        throw error;
      }
      if (!lease.isOverbooked) return lease;
      lease.release();
    }
  }

  /** Closes every connection; calls that run fail. */
  close(): void {
    this.#closed = true;
    for (const sessions of [...this.#nodes.values()]) for (const session of [...sessions]) session.destroy();
  }

  #choose(url: string): NodeSession {
    if (this.#closed) throw RpcErrors.CONNECT_FAILED('the client is closed');
    const sessions = this.#nodes.get(url) ?? [];
    const free = sessions.find((session) => session.hasRoom);
    if (free !== undefined) return free;
    const { maxConnections, ...options } = this.#options;
    if (options.tls !== undefined && !url.startsWith('https:'))
      throw RpcErrors.NO_ENDPOINT(`the node at ${url} has no TLS, and this client speaks nothing else`);
    if (sessions.length >= maxConnections) {
      throw RpcErrors.TOO_MANY_CALLS(`${maxConnections} connections to ${url} run as many calls as the node takes`);
    }
    const session = new NodeSession(url, { ...options, onEnd: (ended) => this.#remove(url, ended) });
    this.#nodes.set(url, [...sessions, session]);
    return session;
  }

  #remove(url: string, ended: NodeSession): void {
    const left = (this.#nodes.get(url) ?? []).filter((session) => session !== ended);
    if (left.length === 0) this.#nodes.delete(url);
    else this.#nodes.set(url, left);
  }
}
