import type { Socket } from 'node:net';
import {
  background,
  type CancelContext,
  type Context,
  runWith,
  type Stop,
  type Timer,
  until,
} from '../../../concurrency/index.ts';
import { isStatusError } from '../../../errors/index.ts';
import { type Gauge, telemetryOf } from '../../../observe/index.ts';
import type { DrainOptions, Endpoint, Server } from '../../../service/index.ts';
import type { FrameCodec } from '../framing/frame-codec.ts';
import { countRefusal } from '../listener/intake.ts';
import { type Listener, urlOf } from '../listener/listener.ts';
import { TcpErrors } from '../tcp-errors.ts';
import type { Connection } from './connection.ts';
import {
  codecOf,
  type ServeLimits,
  type ServeOptions,
  type ServeRawOptions,
  serveLimitsOf,
  serveListener,
} from './serve-options.ts';
import { WireConnection } from './wire-connection.ts';

/** A server of messages over TCP. Once only: it cannot be started again after `stop`. */
export interface TcpServer extends Server {
  /** Connections that are open. */
  readonly connections: number;
  /** Ends the `draining` Context of all connections, and of those that come. */
  drain(options: DrainOptions): void;
  /**
   * Serves a connection that somebody else accepted, for example after a look at its first bytes. The server owns the socket
   * from then on. One that comes before `start` or after `stop` is closed.
   */
  handleConnection(socket: Socket): void;
}

/**
 * Runs `handler` for each connection, as a task that the server waits for. When it returns, what it has written is sent and
 * the connection closed; when it throws, the connection is cut and the error logged, and nothing else happens. The handler's
 * Context ends with the connection, so that work for a peer that has gone can stop.
 *
 * `stop` accepts no more, ends `draining`, lets the peers leave by themselves for `drainGraceMs`, then lets reads end after
 * what has come, so that a handler that loops over messages is done; and when its Context ends, cuts what is left. Throws a
 * RangeError or TypeError for options that do not fit.
 */
export function serve(options: ServeRawOptions): TcpServer;
export function serve<In, Out>(options: ServeOptions<In, Out>): TcpServer;
export function serve<In, Out>(options: ServeOptions<In, Out> | ServeRawOptions): TcpServer {
  return new ConnectionServer({ ...options, codec: codecOf(options.codec) } as ServeOptions<In, Out>);
}

class ConnectionServer<In, Out> implements TcpServer {
  readonly #name: string;
  readonly #handler: (ctx: Context, connection: Connection<In, Out>) => Promise<void>;
  readonly #codec: FrameCodec<In, Out>;
  readonly #limits: ServeLimits;
  readonly #listener: Listener;
  readonly #running = new Set<WireConnection<In, Out>>();
  readonly #draining: CancelContext = background().withCancel();
  readonly #idled = Promise.withResolvers<void>();
  #base: Context | undefined;
  #gauge: Gauge | undefined;
  #leaveBase: Stop = () => false;
  #grace: Timer | undefined;
  /** The listener has stopped, and the drain has begun. */
  #leaving: Promise<void> | undefined;
  #isReadStopped = false;
  #isStopped = false;

  constructor(options: ServeOptions<In, Out>) {
    this.#limits = serveLimitsOf(options);
    this.#listener = serveListener(options);
    this.#name = options.name;
    this.#handler = options.handler;
    this.#codec = options.codec;
  }

  get connections(): number {
    return this.#running.size;
  }

  async start(ctx: Context): Promise<readonly Endpoint[]> {
    if (this.#base !== undefined || this.#leaving !== undefined || this.#isStopped)
      throw new TypeError('a TCP server starts once, and not after it was stopped; make a new one');
    this.#base = ctx;
    this.#gauge = telemetryOf(ctx)
      .metrics.gauge('tcp.server.connections', {
        description: 'Connections that are open.',
        unit: '{connection}',
        labels: ['server'],
      })
      .with({ server: this.#name });
    this.#leaveBase = ctx.onDone(() => this.#cut());
    try {
      const address = await this.#listener.start(ctx, (socket) => this.handleConnection(socket));
      return [{ name: this.#name, url: urlOf(address, 'tcp') }];
    } catch (error) {
      this.#leaveBase();
      throw error;
    }
  }

  drain(_: DrainOptions): void {
    this.#draining.cancel(TcpErrors.DRAINING(`${this.#name} is shutting down`));
  }

  async stop(ctx: Context): Promise<void> {
    this.#leaving ??= this.#leave();
    await this.#leaving;
    this.#resolveIdle();
    await until(ctx, this.#idled.promise).catch(() => {});
    this.#cut();
    this.#leaveBase();
  }

  handleConnection(socket: Socket): void {
    const base = this.#base;
    if (base === undefined || this.#isReadStopped || base.err() !== undefined) {
      socket.destroy();
      return;
    }
    if (this.#running.size >= this.#limits.maxConnections) {
      this.#refuse(base, socket);
      return;
    }
    const { times } = this.#limits;
    socket.setNoDelay(times.noDelay);
    socket.setKeepAlive(times.keepAliveMs > 0, times.keepAliveMs);
    const connection = new WireConnection(socket, { codec: this.#codec, times, base, draining: this.#draining });
    this.#running.add(connection);
    this.#gauge?.set(this.#running.size);
    runWith(connection.ctx, () => this.#run(connection));
  }

  /** With callbacks: an async function would keep a frame of half a kilobyte for as long as the connection is open. */
  #run(connection: WireConnection<In, Out>): void {
    const { ctx } = connection;
    let task: Promise<void>;
    try {
      task = Promise.resolve(this.#handler(ctx, connection));
    } catch (error) {
      task = Promise.reject(error);
    }
    task.then(
      () => void connection.close().then(() => this.#left(connection)),
      (error: unknown) => {
        this.#report(ctx, error);
        connection.destroy(error);
        void connection.closed.then(() => this.#left(connection));
      },
    );
  }

  #left(connection: WireConnection<In, Out>): void {
    this.#running.delete(connection);
    this.#gauge?.set(this.#running.size);
    this.#resolveIdle();
  }

  #resolveIdle(): void {
    if (this.#leaving !== undefined && this.#running.size === 0) this.#idled.resolve();
  }

  #refuse(base: Context, socket: Socket): void {
    socket.destroy();
    countRefusal(base, 'max_connections', undefined);
  }

  /** What a handler throws after its connection has ended says so once more. */
  #report(ctx: Context, error: unknown): void {
    const { log } = telemetryOf(ctx);
    if (ctx.err() !== undefined && isStatusError(error)) log.debug(ctx, 'a connection ended early', { error });
    else log.error(ctx, 'the handler of a connection failed', { server: this.#name, error });
  }

  async #leave(): Promise<void> {
    this.drain({});
    await this.#listener.stop();
    const { drainGraceMs } = this.#limits;
    if (drainGraceMs === Number.POSITIVE_INFINITY || this.#base === undefined || this.#isStopped) return;
    this.#grace = this.#base.clock.after(drainGraceMs, () => {
      this.#isReadStopped = true;
      for (const connection of [...this.#running]) connection.stopReading();
    });
  }

  /** Ends everything at once. A handler that does not look at its Context is left behind. */
  #cut(): void {
    this.#isStopped = true;
    this.#isReadStopped = true;
    this.#grace?.stop();
    this.#listener.stop().catch(() => {});
    this.drain({});
    for (const connection of [...this.#running]) connection.destroy(TcpErrors.DRAINING(`${this.#name} has stopped`));
    this.#idled.resolve();
  }
}
