import { withFields } from '../call/index.ts';
import { background, type CancelContext, type Context, sleep, until } from '../concurrency/index.ts';
import { DiscoveryErrors, type Registration } from '../discovery/index.ts';
import * as errors from '../errors/index.ts';
import { noTelemetry, type Telemetry, withTelemetry } from '../observe/index.ts';
import {
  type DrainOptions,
  type Endpoint,
  type LiveGuard,
  type Server,
  withGuardSettings,
  withReadiness,
} from '../service/index.ts';
import { adminServer } from './admin-server.ts';
import { portIn } from './environment.ts';
import type { Host } from './host.ts';
import { processHost } from './process-host.ts';
import { type Check, Readiness } from './readiness.ts';
import { runProcess } from './run-process.ts';

/** `starting → ready → draining → stopped`; a start that fails goes to `stopped` at once. It never goes back. */
export type AppState = 'starting' | 'ready' | 'draining' | 'stopped';

/** Gives something back at the end: a pool, a file. What it throws is logged. */
export type Closer = (ctx: Context) => Promise<unknown> | unknown;

/** Takes work by itself, unasked: a consumer of messages, a poller, a scheduler. */
export interface Consumer {
  /** Takes nothing more and resolves when what it had taken is finished and committed, or `ctx` is done. */
  stop(ctx: Context): Promise<unknown> | unknown;
}

/** One service from its start to its end. */
export interface App {
  readonly name: string;
  readonly state: AppState;
  /** Where it can be reached; empty before `ready`. */
  readonly endpoints: readonly Endpoint[];
  readonly telemetry: Telemetry;
  /** The longest that `stop` takes, when each of its steps takes its longest. */
  readonly stopLimitMs: number;
  /**
   * Starts the servers one after the other, waits for the checks, registers. If any of it fails, all that had started is
   * stopped and the closers have run when it throws. Throws `failed_precondition` the second time.
   */
  start(ctx: Context): Promise<void>;
  /**
   * Drains and stops; all callers wait for the one drain, which the first `ctx` bounds. In a renewal servers wait for the
   * clients of idle connections, until somebody calls this without `isRenewal`. Never throws: failures are logged.
   */
  stop(ctx: Context, options?: DrainOptions): Promise<void>;
  /**
   * With a Context: starts, waits until it is done, stops. Without: it is the process's app: signals drain it, and the
   * process exits when it has stopped, as in `run(main)`.
   */
  run(ctx?: Context): Promise<void>;
}

export interface AppOptions {
  /** What callers and the registry know it by. */
  readonly name: string;
  readonly version: string;
  /** Default: the process. */
  readonly host?: Host;
  /** Started in this order, stopped side by side. */
  readonly servers: readonly Server[];
  /** Stopped side by side when the servers have, before the closers: they may still call and write. Default: none. */
  readonly consumers?: readonly Consumer[];
  /** Run last, when nothing works any more, last first, one after the other. Default: none. */
  readonly closers?: readonly Closer[];
  /** What must be there before it is registered, and what `/readyz` asks from then on. Default: none. */
  readonly checks?: Readonly<Record<string, Check>>;
  /** Whether it is put into the registry. Default: true. */
  readonly register?: boolean;
  /** The traffic lane. Default: the host's, as `FLOTILLA_LANE` says. */
  readonly lane?: string;
  /** Its share of the calls. Default: 1. */
  readonly weight?: number;
  /** Small facts for people and tools. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** How long the start may take. Default: 30,000. */
  readonly startMs?: number;
  /** How long callers get to learn that it has left the registry before its servers stop. Default: 300. */
  readonly propagationMs?: number;
  /** How long running calls get to end, and then consumers to commit. Default: 10,000. */
  readonly drainMs?: number;
  /** Changes the settings of its servers' and clients' guards while it runs. Default: they stay as they were made. */
  readonly guard?: LiveGuard;
}

/** What ends slower than this is left behind with a warning: leaving the registry, one closer, flushing telemetry. */
const stepMs = 3_000;
/** What a server gets beyond its limit to cut off what still runs. */
const cutOffMs = 1_000;

/** Puts a service together. Nothing happens before `start` or `run`. */
export function app(options: AppOptions): App {
  return new ServiceApp(options);
}

class ServiceApp implements App {
  readonly name: string;
  readonly telemetry: Telemetry;
  state: AppState = 'starting';
  endpoints: readonly Endpoint[] = [];
  readonly stopLimitMs: number;
  readonly #options: AppOptions;
  readonly #host: Host;
  readonly #lane: string;
  readonly #readiness: Readiness;
  /** What servers live in: ends when they must be gone. */
  readonly #life: CancelContext;
  readonly #starting = background().withCancel();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #running: Server[] = [];
  /** Ends the patience of a renewal. */
  #hurry: () => void = () => {};
  #registration: Registration | undefined;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#host = options.host ?? processHost();
    this.name = options.name;
    this.#lane = options.lane ?? this.#host.lane();
    this.telemetry = this.#host.telemetry({ service: options.name, version: options.version });
    this.#readiness = new Readiness(options.checks ?? {});
    const { consumers = [], closers = [], propagationMs = 300, drainMs = 10_000 } = options;
    const consumersMs = consumers.length === 0 ? 0 : drainMs + cutOffMs;
    this.stopLimitMs = propagationMs + drainMs + consumersMs + 2 * cutOffMs + (3 + closers.length) * stepMs;
    // What it does by itself is done in its lane, as what it is called for.
    const life = withReadiness(
      withFields(withTelemetry(background(), this.telemetry), { lane: this.#lane }),
      async (ctx) => (await this.#ready(ctx)).ready,
    );
    this.#life = (options.guard === undefined ? life : withGuardSettings(life, options.guard)).withCancel();
  }

  start(ctx: Context): Promise<void> {
    if (this.#started !== undefined || this.#stopped !== undefined) {
      return Promise.reject(
        new errors.StatusError('failed_precondition', `start ${this.name}: it was started or stopped before`, {
          reason: 'ALREADY_STARTED',
        }),
      );
    }
    this.#started = this.#start(ctx);
    return this.#started;
  }

  stop(ctx: Context, options: DrainOptions = {}): Promise<void> {
    if (options.isRenewal !== true) this.#hurry();
    this.#stopped ??= this.#stop(ctx, options);
    return this.#stopped;
  }

  async run(ctx?: Context): Promise<void> {
    if (ctx === undefined) return runProcess(async () => this);
    await this.start(ctx);
    await new Promise<void>((resolve) => ctx.onDone(resolve));
    await this.stop(ctx.withoutCancel());
  }

  async #start(parent: Context): Promise<void> {
    using ctx = withTelemetry(parent, this.telemetry).withTimeout(this.#options.startMs ?? 30_000);
    const leave = this.#starting.onDone(() => ctx.cancel(this.#starting.cause()));
    try {
      await this.#startServers(ctx);
      await this.#readiness.untilReady(ctx);
      await this.#register(ctx);
      ctx.throwIfDone();
      this.state = 'ready';
      this.telemetry.log.info(ctx, `${this.name} is ready`, { endpoints: urlsByName(this.endpoints) });
    } catch (error) {
      if (this.#starting.err() === undefined) this.telemetry.log.error(ctx, `${this.name} could not start`, { error });
      await this.#abandon();
      throw errors.wrap(error, `start ${this.name}`);
    } finally {
      leave();
    }
  }

  async #startServers(ctx: Context): Promise<void> {
    const endpoints: Endpoint[] = [];
    for (const server of [this.#admin(), ...this.#options.servers]) {
      // From here on it may hold something, even if its start fails.
      this.#running.push(server);
      endpoints.push(...(await until(ctx, server.start(server === this.#running[0] ? this.#quiet() : this.#life))));
    }
    this.endpoints = endpoints.map((endpoint, index) => (index === 0 ? { ...endpoint, name: 'admin' } : endpoint));
  }

  #admin(): Server {
    const { env } = this.#host;
    const { FLOTILLA_ADMIN_HOST: host, FLOTILLA_ADMIN_TOKEN: token } = env;
    return adminServer({
      name: this.name,
      port: portIn(env, 'FLOTILLA_ADMIN_PORT') ?? 0,
      ...(host && { host }),
      ...(token && { token }),
      metrics: () => this.telemetry.prometheus(),
      readiness: async (ctx) => {
        const { ready, checks } = await this.#ready(ctx);
        return { ready, status: this.state === 'ready' && !ready ? 'unready' : this.state, checks };
      },
    });
  }

  async #ready(ctx: Context) {
    const checks = await this.#readiness.results(ctx);
    return { ready: this.state === 'ready' && Object.values(checks).every((check) => check.ok), checks };
  }

  /** Probes come every second: they are neither traced nor logged. */
  #quiet(): Context {
    return withTelemetry(this.#life, noTelemetry);
  }

  async #register(ctx: Context): Promise<void> {
    const { name, version, register = true, weight = 1, metadata = {} } = this.#options;
    if (!register) return;
    const endpoints = urlsByName(this.endpoints);
    const id = this.#host.instance;
    try {
      const instance = { id, service: name, version, endpoints, lane: this.#lane, weight, metadata };
      this.#registration = await this.#host.registry().register(ctx, instance);
    } catch (error) {
      if (!errors.is(error, DiscoveryErrors.READ_ONLY)) throw error;
      this.telemetry.log.info(ctx, `${name} does not register: others say who is in this registry`, { error });
    }
  }

  /** Undoes a start that failed: nothing stays half started. */
  async #abandon(): Promise<void> {
    this.state = 'draining';
    using ctx = withTelemetry(background(), this.telemetry).withTimeout(4 * stepMs);
    await this.#deregister(ctx);
    await this.#stopServers(ctx, 0);
    await this.#stopConsumers(ctx, 0);
    await this.#stopAdmin(ctx);
    await this.#close(ctx);
  }

  async #stop(parent: Context, options: DrainOptions): Promise<void> {
    this.#starting.cancel(new Error('the app was told to stop while it started'));
    await this.#started?.catch(() => {});
    if (this.state === 'stopped') return;
    this.state = 'draining';
    const ctx = withTelemetry(parent, this.telemetry);
    const { drainMs = 10_000, propagationMs = 300 } = this.#options;
    this.telemetry.log.info(ctx, `${this.name} is draining`);
    const servers = this.#running;
    const tell = (drain: DrainOptions) => {
      for (const server of servers) server.drain?.(drain);
    };
    tell(options);
    this.#hurry = () => tell({});
    if (this.#registration !== undefined) {
      await this.#deregister(ctx);
      await this.#step(
        ctx,
        'wait for callers to learn of it',
        (step) => sleep(step, propagationMs),
        propagationMs + stepMs,
      );
    }
    await this.#stopServers(ctx, drainMs);
    await this.#stopConsumers(ctx, drainMs);
    await this.#stopAdmin(ctx);
    await this.#close(ctx);
  }

  async #deregister(ctx: Context): Promise<void> {
    const registration = this.#registration;
    this.#registration = undefined;
    if (registration !== undefined) await this.#step(ctx, 'leave the registry', (step) => registration.close(step));
  }

  /** Side by side, without the admin server. */
  async #stopServers(ctx: Context, drainMs: number): Promise<void> {
    const [, ...servers] = this.#running;
    await Promise.all(servers.map((server) => this.#stopServer(ctx, server, drainMs)));
  }

  async #stopConsumers(ctx: Context, drainMs: number): Promise<void> {
    const { consumers = [] } = this.#options;
    const stop = (consumer: Consumer) =>
      this.#step(
        ctx,
        'stop a consumer',
        (step) => bounded(step, drainMs, (limit) => consumer.stop(limit)),
        drainMs + cutOffMs,
      );
    await Promise.all(consumers.map(stop));
  }

  /** Last of all that works, so that probes see `draining` until the end. */
  async #stopAdmin(ctx: Context): Promise<void> {
    const [admin] = this.#running;
    this.#running = [];
    if (admin !== undefined) await this.#stopServer(ctx, admin, 0);
    this.#life.cancel(new Error(`${this.name} has stopped`));
  }

  async #stopServer(ctx: Context, server: Server, limitMs: number): Promise<void> {
    const work = (step: Context) => bounded(step, limitMs, (limit) => server.stop(limit));
    await this.#step(ctx, 'stop a server', work, limitMs + cutOffMs);
  }

  async #close(ctx: Context): Promise<void> {
    for (const closer of [...(this.#options.closers ?? [])].reverse())
      await this.#step(ctx, 'close', async (step) => closer(step));
    this.telemetry.log.info(ctx, `${this.name} has stopped`);
    await this.#step(ctx, 'flush telemetry', (step) => this.telemetry.close(step));
    this.state = 'stopped';
  }

  /** One step of the way down: bounded, and its failure does not keep the next one from running. */
  async #step(
    parent: Context,
    doing: string,
    work: (ctx: Context) => Promise<unknown>,
    limitMs = stepMs,
  ): Promise<void> {
    using ctx = parent.withTimeout(limitMs);
    try {
      await until(ctx, work(ctx));
    } catch (error) {
      this.telemetry.log.warn(parent, `${this.name}: could not ${doing}`, { error });
    }
  }
}

function urlsByName(endpoints: readonly Endpoint[]): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const { name, url } of endpoints) urls[name] ??= url;
  return urls;
}

async function bounded(
  parent: Context,
  limitMs: number,
  work: (ctx: Context) => Promise<unknown> | unknown,
): Promise<void> {
  using ctx = parent.withTimeout(limitMs);
  await work(ctx);
}
