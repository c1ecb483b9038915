import type { Context } from '../../../concurrency/index.ts';
import { StatusError } from '../../../errors/index.ts';
import type { Settings } from './client-options.ts';
import { TlsSessions } from './dial.ts';
import { clientClosed } from './failure.ts';
import { OriginPool } from './origin-pool.ts';

/** The connections of one client, by server. A server without connections is forgotten. */
export class ConnectionPool {
  readonly #settings: Settings;
  readonly #origins = new Map<string, OriginPool>();
  /** Outlive the connections, and so the pool of a server that is called now and then. */
  readonly #sessions: TlsSessions;
  #isClosing = false;
  /** Nothing is opened any more: a call that is tried again must not find new connections. */
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#sessions = new TlsSessions(settings.maxOrigins);
  }

  /** The connections to the server of an address. Throws `resource_exhausted` (TOO_MANY_ORIGINS), CLIENT_CLOSED. */
  of(url: URL): OriginPool {
    if (this.#isClosed) throw clientClosed();
    const { origin } = url;
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const { maxOrigins } = this.#settings;
    if (this.#origins.size >= maxOrigins && !this.#forgetIdle()) throw tooManyOrigins(maxOrigins);
    const pool = new OriginPool(url, this.#settings, this.#sessions, this.#forget);
    this.#origins.set(origin, pool);
    return pool;
  }

  /** Closes idle connections now, and those in use when their calls end; when `ctx` ends at once. */
  async close(ctx: Context): Promise<void> {
    this.#isClosing = true;
    for (const pool of [...this.#origins.values()]) pool.closeIdle();
    if (this.#origins.size === 0) {
      this.#isClosed = true;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const stop = ctx.onDone(() => this.cut());
    await promise;
    this.#isClosed = true;
    stop();
  }

  cut(): void {
    this.#isClosed = true;
    for (const pool of [...this.#origins.values()]) pool.cut();
  }

  /** Makes room by closing the connections of a server that nobody calls now. */
  #forgetIdle(): boolean {
    for (const pool of this.#origins.values()) {
      if (!pool.isIdle) continue;
      this.#origins.delete(pool.origin);
      pool.closeIdle();
      return true;
    }
    return false;
  }

  readonly #forget = (pool: OriginPool) => {
    if (this.#origins.get(pool.origin) === pool) this.#origins.delete(pool.origin);
    if (this.#isClosing && this.#origins.size === 0) this.#onEmpty?.();
  };
}

function tooManyOrigins(maxOrigins: number): StatusError {
  return new StatusError('resource_exhausted', `connections to ${maxOrigins} servers are in use already`, {
    reason: 'TOO_MANY_ORIGINS',
    metadata: { maxOrigins: String(maxOrigins) },
  });
}
