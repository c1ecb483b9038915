import type { Clock } from '../../concurrency/index.ts';
import type { NodePool } from '../node-pool.ts';
import type { MuxSession } from './mux-session.ts';

export interface MuxUpgradesOptions {
  readonly pool: NodePool<MuxSession>;
  /** To one node. */
  readonly maxConnections: number;
  readonly clock: Clock;
}

/** After a connection that failed none is tried for so long. */
const pauseMs = 60_000;
const maxRefusals = 1_000;

/**
 * Connections in mux to nodes that are known by an address alone and have said over HTTP/2 that they speak it. They are made beside
 * the calls, none of which waits for one or fails with it: it takes calls once it is ready, and without one they go on over HTTP/2.
 */
export class MuxUpgrades {
  readonly #options: MuxUpgradesOptions;
  readonly #refusedUntil = new Map<string, number>();

  constructor(options: MuxUpgradesOptions) {
    this.#options = options;
  }

  /** The node at this address offers mux. */
  offered(url: string): void {
    const { pool, maxConnections, clock } = this.#options;
    if (pool.find(url) !== undefined || pool.connections(url) >= maxConnections) return;
    const refusedUntil = this.#refusedUntil.get(url);
    if (refusedUntil !== undefined && clock.now() < refusedUntil) return;
    this.#refusedUntil.delete(url);
    try {
      pool.open(url).ready.catch(() => this.#refused(url));
    } catch {
      // The client was closed.
    }
  }

  #refused(url: string): void {
    if (this.#refusedUntil.size >= maxRefusals) this.#refusedUntil.clear();
    this.#refusedUntil.set(url, this.#options.clock.now() + pauseMs);
  }
}
