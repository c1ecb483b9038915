import { type Context, until } from '../concurrency/index.ts';
import type { NodeLease, NodeSession } from './node-session.ts';
import { RpcErrors } from './rpc-errors.ts';

/** One connection to a node, of whatever protocol. */
export interface NodeConnection {
  /** Whether another call may start; while it connects nobody knows how many the node takes. */
  readonly hasRoom: boolean;
  /** Rejects where the node cannot be reached. */
  readonly ready: Promise<void>;
  /** Ends the calls that run, and the connection. */
  destroy(): void;
}

export interface NodePoolOptions<C> {
  /** Connections to one node; another is made when the others run as many calls as the node takes. */
  readonly maxConnections: number;
  /** Nodes without TLS are not spoken to. Default: they are. */
  readonly needsTls?: boolean;
  /** Hears that a connection takes no more calls. Default: nobody. */
  readonly onLeft?: (url: string) => void;
  /** Begins to connect. */
  readonly connect: (url: string, events: ConnectionEvents<C>) => C;
}

/** What a pool is told by its connections. */
export interface ConnectionEvents<C> {
  /** It takes no more calls, though some may run. */
  onEnd(connection: C): void;
  /** No call runs on it any more. Follows on `onEnd`. */
  onGone(connection: C): void;
  /** Whether it stays open though nobody calls. */
  isKept(): boolean;
}

/**
 * The connections of a client, by node address. One that ends leaves the pool at once: a node that drained said so, a
 * node that died closed it, and one that nobody calls any more is closed when it has been idle.
 */
export class NodePool<C extends NodeConnection> {
  readonly #options: NodePoolOptions<C>;
  readonly #nodes = new Map<string, C[]>();
  readonly #leaving = new Set<C>();
  /** How many connections to an address stay open though nobody calls. */
  readonly #kept = new Map<string, number>();
  #closed = false;

  constructor(options: NodePoolOptions<C>) {
    this.#options = options;
  }

  /** How many connections there are to an address. */
  connections(url: string): number {
    return this.#nodes.get(url)?.length ?? 0;
  }

  /** A connection with room, if there is one. */
  find(url: string): C | undefined {
    const connections = this.#nodes.get(url);
    if (connections !== undefined) for (const connection of connections) if (connection.hasRoom) return connection;
    return undefined;
  }

  /**
   * A connection with room, made if need be. Throws CONNECT_FAILED where the client is closed and TOO_MANY_CALLS if all
   * connections to the node are full,
   * and NO_ENDPOINT for one without TLS that needs it.
   */
  choose(url: string): C {
    if (this.#closed) throw RpcErrors.CONNECT_FAILED('the client is closed');
    const free = this.find(url);
    if (free !== undefined) return free;
    const { maxConnections } = this.#options;
    if (this.connections(url) >= maxConnections) {
      throw RpcErrors.TOO_MANY_CALLS(`${maxConnections} connections to ${url} run as many calls as the node takes`);
    }
    return this.open(url);
  }

  /** One more connection. Throws CONNECT_FAILED where the client is closed, and NO_ENDPOINT for one without TLS that needs it. */
  open(url: string): C {
    if (this.#closed) throw RpcErrors.CONNECT_FAILED('the client is closed');
    const { connect, needsTls = false } = this.#options;
    if (needsTls && !url.startsWith('https:'))
      throw RpcErrors.NO_ENDPOINT(`the node at ${url} has no TLS, and this client speaks nothing else`);
    const made = connect(url, {
      onEnd: (ended) => this.#remove(url, ended),
      onGone: (gone) => void this.#leaving.delete(gone),
      isKept: () => this.connections(url) <= (this.#kept.get(url) ?? 0),
    });
    this.#nodes.set(url, [...(this.#nodes.get(url) ?? []), made]);
    return made;
  }

  /** From now on so many connections to the node stay open though nobody calls; 0: they close when they have been idle. */
  keep(url: string, count: number): void {
    if (count > 0) this.#kept.set(url, count);
    else this.#kept.delete(url);
  }

  /** Closes every connection; calls that run fail. */
  close(): void {
    this.#closed = true;
    for (const connections of [...this.#nodes.values()]) for (const one of [...connections]) one.destroy();
    for (const connection of [...this.#leaving]) connection.destroy();
  }

  #remove(url: string, ended: C): void {
    this.#leaving.add(ended);
    const left = (this.#nodes.get(url) ?? []).filter((connection) => connection !== ended);
    if (left.length === 0) this.#nodes.delete(url);
    else this.#nodes.set(url, left);
    this.#options.onLeft?.(url);
  }
}

/**
 * Room for a call on a connection that is ready, made if need be. Waits no longer than the Context. Throws CONNECT_FAILED
 * if the node cannot be reached and TOO_MANY_CALLS if all its connections are full.
 */
export async function leaseOf(pool: NodePool<NodeSession>, ctx: Context, url: string): Promise<NodeLease> {
  for (;;) {
    ctx.throwIfDone();
    const session = pool.choose(url);
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
