import { type Clock, type Context, until } from '../concurrency/index.ts';
import { NodeSession } from './node-session.ts';
import { RpcErrors } from './rpc-errors.ts';

export interface NodePoolOptions {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Connections to one node; another is made when the others run as many calls as the node takes. */
  readonly maxSessions: number;
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

  /** Addresses with a connection, for tests and diagnosis. */
  get addresses(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /**
   * A connection with room for a call, made if need be. Waits no longer than the Context. Throws CONNECT_FAILED if the node
   * cannot be reached and TOO_MANY_CALLS if all its connections are full.
   */
  async session(ctx: Context, url: string): Promise<NodeSession> {
    ctx.throwIfDone();
    const session = this.#choose(url);
    await until(ctx, session.ready);
    return session.hasRoom ? session : this.session(ctx, url);
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
    const { maxSessions, ...options } = this.#options;
    if (sessions.length >= maxSessions) {
      throw RpcErrors.TOO_MANY_CALLS(`${maxSessions} connections to ${url} run as many calls as the node takes`);
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
