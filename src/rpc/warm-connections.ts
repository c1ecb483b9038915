import { background, type CancelContext, type Clock, type Timer } from '../concurrency/index.ts';
import { Backoff, type Instance, type Resolver } from '../discovery/index.ts';

/** The connections of a client to its nodes, of one protocol. */
export interface WarmPool {
  /** How many there are to an address. */
  connections(url: string): number;
  /** From now on so many stay open though nobody calls. */
  keep(url: string, count: number): void;
  /** Begins one more, which rests when it is ready. Throws where that makes no sense. */
  open(url: string): { readonly ready: Promise<void> };
}

export interface WarmConnectionsOptions {
  readonly resolver: Resolver;
  readonly target: string;
  /** To each node that calls may go to. */
  readonly count: number;
  readonly clock: Clock;
  /** Where calls to this node would go; undefined: it cannot be called. */
  readonly poolOf: (node: Instance) => { readonly pool: WarmPool; readonly url: string } | undefined;
}

/** A node that is to be connected to. */
interface Kept {
  readonly pool: WarmPool;
  readonly url: string;
  readonly backoff: Backoff;
  /** When the newest connection was ready; undefined: none was since one ended. */
  readyAt: number | undefined;
  /** Until the next try. */
  timer: Timer | undefined;
}

/** A connection that lasted for so long was a good one. */
const steadyMs = 5_000;

/**
 * Keeps some connections open to every node that calls of no lane may go to, before the first call and while there are none:
 * no call waits for a handshake. One that ends is opened anew, with pauses that grow up to 30 s while the node does not
 * answer, or ends them soon. Lives from its making to `close`.
 */
export class WarmConnections {
  readonly #options: WarmConnectionsOptions;
  readonly #ctx: CancelContext = background().withCancel();
  #nodes = new Map<string, Kept>();

  /** Throws a TypeError for a resolver that does not tell its nodes. */
  constructor(options: WarmConnectionsOptions) {
    this.#options = options;
    const { resolver, target } = options;
    if (resolver.watchNodes === undefined)
      throw new TypeError(`warmConnections: the resolver of "${target}" does not tell its nodes (watchNodes)`);
    void this.#follow(resolver.watchNodes(this.#ctx, target));
  }

  /** A connection to this address has ended. */
  left(url: string): void {
    const kept = this.#nodes.get(url);
    if (kept === undefined || kept.timer !== undefined) return;
    const { readyAt } = kept;
    if (readyAt !== undefined && this.#options.clock.now() - readyAt >= steadyMs) kept.backoff.reset();
    kept.readyAt = undefined;
    kept.timer = this.#options.clock.after(kept.backoff.nextMs(), () => {
      kept.timer = undefined;
      this.#fill(kept);
    });
  }

  close(): void {
    this.#ctx.cancel(new Error('the client is closed'));
    for (const { timer } of this.#nodes.values()) timer?.stop();
    this.#nodes.clear();
  }

  async #follow(lists: AsyncIterable<readonly Instance[]>): Promise<void> {
    try {
      for await (const nodes of lists) this.#take(nodes);
    } catch {
      // The resolver was closed: there will be no calls either.
    }
  }

  #take(nodes: readonly Instance[]): void {
    if (this.#ctx.err() !== undefined) return;
    const before = this.#nodes;
    this.#nodes = new Map();
    for (const node of nodes) {
      const found = this.#options.poolOf(node);
      if (found === undefined || this.#nodes.has(found.url)) continue;
      const known = before.get(found.url);
      const kept = known ?? { ...found, backoff: new Backoff({ maxMs: 30_000 }), readyAt: undefined, timer: undefined };
      this.#nodes.set(found.url, kept);
      if (known === undefined) this.#fill(kept);
    }
    for (const [url, { pool, timer }] of before) {
      if (this.#nodes.has(url)) continue;
      timer?.stop();
      pool.keep(url, 0);
    }
  }

  #fill(kept: Kept): void {
    const { pool, url } = kept;
    const { count, clock } = this.#options;
    pool.keep(url, count);
    try {
      while (pool.connections(url) < count) {
        pool.open(url).ready.then(
          () => {
            kept.readyAt = clock.now();
          },
          // The pool tells that it has left.
          () => {},
        );
      }
    } catch {
      // It cannot be spoken to at all, and calls to it say why.
    }
  }
}
