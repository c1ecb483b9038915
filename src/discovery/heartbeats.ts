import { type CancelContext, type Context, sleep, until } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { type Logger, telemetryOf } from '../observe/index.ts';
import type { Backoff } from './backoff.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Registration } from './registry.ts';
import type { Lease, RegistryBackend } from './registry-backend.ts';

/** The store may answer later: everything else is its answer. What cannot be read may come from a proxy in between. */
const passing: ReadonlySet<errors.Code> = new Set([
  'unavailable',
  'deadline_exceeded',
  'unknown',
  'internal',
  'aborted',
  'canceled',
  'data_loss',
]);

function mayPass(error: unknown): boolean {
  const { code, reason } = errors.from(error);
  // The registry's own REGISTRY_FULL is an answer; a line of this process that is full is not.
  return passing.has(code) || reason === 'CONNECTION_QUEUE_FULL';
}

export interface HeartbeatOptions {
  readonly backend: RegistryBackend;
  readonly instance: Instance;
  readonly backoff: Backoff;
  readonly random: () => number;
  /** Where the heartbeats live. */
  readonly life: Context;
}

/** One instance kept alive in a store by heartbeats, and put back where the store has forgotten it. */
export class HeartbeatRegistration implements Registration {
  readonly #backend: RegistryBackend;
  readonly #instance: Instance;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  readonly #life: CancelContext;
  readonly #token = crypto.randomUUID();
  #lease: Lease | undefined;
  #opening: Promise<void> = Promise.resolve();
  #beating: Promise<void> = Promise.resolve();
  #log: Logger | undefined;

  constructor({ backend, instance, backoff, random, life }: HeartbeatOptions) {
    this.#backend = backend;
    this.#instance = instance;
    this.#backoff = backoff;
    this.#random = random;
    this.#life = life.withCancel();
  }

  /** Tries until the store has it, or `ctx` ends. Throws REGISTRY_CLOSED if it is closed meanwhile. */
  async open(ctx: Context): Promise<void> {
    this.#log = telemetryOf(ctx).log;
    this.#opening = this.#tryUntilThere(ctx);
    await this.#opening;
    if (this.#life.err() !== undefined) throw this.#closed();
    this.#beating = this.#beat();
  }

  /** A try of `open` that is under way is waited for: what it puts into the store is taken out. */
  async close(ctx: Context): Promise<void> {
    if (this.#life.err() !== undefined) return;
    this.#life.cancel(new Error('the registration was closed'));
    await until(
      ctx,
      this.#opening.catch(() => {}),
    );
    await this.#beating;
    await this.#lease?.release(ctx);
  }

  async #tryUntilThere(parent: Context): Promise<void> {
    using ctx = parent.withCancel();
    const stop = this.#life.onDone(() => ctx.cancel(this.#life.cause()));
    try {
      for (;;) {
        try {
          // Not with `ctx`: a request that is cut off may have been heard.
          return await this.#register(parent, false);
        } catch (error) {
          if (!mayPass(error)) throw error;
          await sleep(ctx, this.#backoff.nextMs()).catch(() => {
            throw this.#life.err() === undefined ? this.#unreachable(error) : this.#closed(error);
          });
        }
      }
    } finally {
      stop();
    }
  }

  async #register(ctx: Context, isAgain: boolean): Promise<void> {
    this.#lease = await this.#backend.register(ctx, this.#instance, { token: this.#token, isAgain });
    this.#backoff.reset();
  }

  async #beat(): Promise<void> {
    // Anywhere in the first interval: those that were registered together do not renew together.
    const { heartbeatMs } = this.#lease!;
    let pauseMs = heartbeatMs === Number.POSITIVE_INFINITY ? heartbeatMs : heartbeatMs * this.#random();
    while (await this.#pause(pauseMs)) {
      const error = await this.#renew().catch((thrown: unknown) => thrown);
      if (this.#life.err() !== undefined || this.#isReplaced(error)) return;
      pauseMs = error === undefined ? this.#nextBeatMs() : Math.min(this.#backoff.nextMs(), this.#lease!.heartbeatMs);
    }
  }

  async #renew(): Promise<void> {
    try {
      await this.#lease!.renew(this.#life);
      this.#backoff.reset();
    } catch (error) {
      if (!errors.is(error, DiscoveryErrors.NOT_REGISTERED)) throw error;
      await this.#register(this.#life, true);
      this.#log?.info(this.#life, `${this.#instance.id}: ${this.#backend.name} had forgotten it; registered again`);
    }
  }

  /** Two processes with one id would push each other out for ever: the later one stays. */
  #isReplaced(error: unknown): boolean {
    if (!errors.is(error, DiscoveryErrors.INSTANCE_REPLACED)) return false;
    this.#log?.error(this.#life, `${this.#instance.id}: another process took its place in the registry`, { error });
    return true;
  }

  /** A tenth of the interval early by chance at most: those that came together do not stay together. */
  #nextBeatMs(): number {
    return this.#lease!.heartbeatMs * (1 - this.#random() / 10);
  }

  /** Waits; false at the end of its life. Where nothing is to be renewed that is at once: no timer is kept. */
  #pause(ms: number): Promise<boolean> {
    if (ms === Number.POSITIVE_INFINITY) return Promise.resolve(false);
    return sleep(this.#life, ms).then(
      () => true,
      () => false,
    );
  }

  #closed(cause?: unknown): errors.StatusError {
    const { service, id } = this.#instance;
    return DiscoveryErrors.REGISTRY_CLOSED(`register ${service}/${id}: the registry was closed meanwhile`, { cause });
  }

  #unreachable(cause: unknown): errors.StatusError {
    const { service, id } = this.#instance;
    return DiscoveryErrors.REGISTRY_UNREACHABLE(
      `register ${service}/${id}: ${this.#backend.name} did not answer; check that it runs and that its address is right`,
      { cause },
    );
  }
}
