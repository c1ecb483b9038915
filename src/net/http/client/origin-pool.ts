import type { Context } from '../../../concurrency/index.ts';
import { StatusError } from '../../../errors/index.ts';
import type { Settings } from './client-options.ts';
import { Connection } from './connection.ts';
import { dial, type Target, type TlsSessions } from './dial.ts';
import { clientClosed } from './failure.ts';

/** Someone in line: gets a connection, or undefined, which is leave to make one. */
interface Waiter {
  resolve(connection: Connection | undefined): void;
  reject(error: Error): void;
}

/**
 * The connections to one server. The one used last is taken first, so that what is not needed grows old and closes; who
 * finds all in use waits in line.
 *
 * A slot is a connection or the right to make one. `#slots` of them are held, never more than `maxConnectionsPerOrigin`.
 */
export class OriginPool {
  readonly origin: string;
  readonly #settings: Settings;
  readonly #target: Target;
  readonly #onEmpty: (pool: OriginPool) => void;
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();
  readonly #waiters = new Set<Waiter>();
  #slots = 0;
  #keepsNone = false;

  /** `onEmpty` is called whenever the last connection has gone and nobody waits. */
  constructor(url: URL, settings: Settings, sessions: TlsSessions, onEmpty: (pool: OriginPool) => void) {
    const isTls = url.protocol === 'https:';
    this.origin = url.origin;
    this.#settings = settings;
    this.#onEmpty = onEmpty;
    this.#target = {
      origin: url.origin,
      isTls,
      hostname: url.hostname,
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      socketPath: settings.socketPath,
      tls: settings.tls,
      connectTimeoutMs: settings.connectTimeoutMs,
      sessions,
      dialling: new Set(),
    };
  }

  get isIdle(): boolean {
    return this.#slots === this.#idle.length;
  }

  /**
   * A connection for one request, to be given back with `release`. `isFresh`: one that nobody used before. Throws
   * `resource_exhausted` (CONNECTION_QUEUE_FULL), or what hindered it from connecting.
   */
  acquire(ctx: Context, isFresh: boolean): Connection | Promise<Connection> {
    if (!isFresh) {
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
    } else if (this.#slots >= this.#settings.maxConnectionsPerOrigin) {
      this.#idle[0]?.discard();
    }
    if (this.#slots < this.#settings.maxConnectionsPerOrigin) {
      this.#slots++;
      return this.#connect(ctx);
    }
    return this.#wait(ctx);
  }

  /** Gives a connection back whose request is over. Call it when undici has seen the end of the answer too. */
  readonly release = (connection: Connection): void => {
    if (!connection.isOpen) return;
    // The server, or a rule of HTTP, asked for its end.
    if (connection.socket.destroyed || this.#settings.keepAliveMs === 0) {
      connection.discard();
      return;
    }
    const waiter = this.#nextWaiter();
    if (waiter !== undefined) waiter.resolve(connection);
    else if (this.#keepsNone) connection.discard();
    else this.#idle.push(connection);
  };

  /** Closes what is idle, now and from now on. */
  closeIdle(): void {
    this.#keepsNone = true;
    for (const connection of [...this.#idle]) connection.discard();
  }

  /** Closes everything at once; who waits fails. */
  cut(): void {
    this.#keepsNone = true;
    for (let waiter = this.#nextWaiter(); waiter !== undefined; waiter = this.#nextWaiter())
      waiter.reject(clientClosed());
    for (const connection of [...this.#open]) connection.discard();
    for (const socket of this.#target.dialling) socket.destroy();
  }

  async #connect(ctx: Context): Promise<Connection> {
    try {
      const socket = await dial(ctx, this.#target);
      const { maxHeaderBytes, keepAliveMs } = this.#settings;
      const connection = new Connection(socket, { origin: this.origin, maxHeaderBytes, keepAliveMs }, this.#gone);
      this.#open.add(connection);
      return connection;
    } catch (error) {
      this.#freeSlot();
      throw error;
    }
  }

  async #wait(ctx: Context): Promise<Connection> {
    const { maxQueuedPerOrigin } = this.#settings;
    if (this.#waiters.size >= maxQueuedPerOrigin) throw queueFull(this.origin, maxQueuedPerOrigin);
    const { promise, resolve, reject } = Promise.withResolvers<Connection | undefined>();
    const waiter: Waiter = { resolve, reject };
    this.#waiters.add(waiter);
    const stop = ctx.onDone(() => {
      // Not in line any more: what it got is on its way to it.
      if (this.#waiters.delete(waiter)) reject(new Error('given up'));
    });
    try {
      return (await promise) ?? (await this.#connect(ctx));
    } finally {
      stop();
    }
  }

  readonly #gone = (connection: Connection) => {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#freeSlot();
  };

  #freeSlot(): void {
    const waiter = this.#nextWaiter();
    if (waiter !== undefined) {
      waiter.resolve(undefined);
      return;
    }
    this.#slots--;
    if (this.#slots === 0) this.#onEmpty(this);
  }

  #nextWaiter(): Waiter | undefined {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      return waiter;
    }
    return undefined;
  }
}

function queueFull(origin: string, maxQueued: number): StatusError {
  return new StatusError('resource_exhausted', `${maxQueued} calls wait for a connection to ${origin} already`, {
    reason: 'CONNECTION_QUEUE_FULL',
    metadata: { maxQueued: String(maxQueued) },
  });
}
