import { type CancelContext, type Context, sleep } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { type Logger, telemetryOf } from '../observe/index.ts';
import type { Backoff } from './backoff.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Registration } from './registry.ts';
import type { RegistryClient } from './registry-client.ts';

/** The registry may answer later: everything else is its answer. */
const passing: ReadonlySet<errors.Code> = new Set([
  'unavailable',
  'deadline_exceeded',
  'unknown',
  'internal',
  'aborted',
  'canceled',
]);

export interface HttpRegistrationOptions {
  readonly client: RegistryClient;
  readonly instance: Instance;
  readonly backoff: Backoff;
  readonly random: () => number;
  /** Where the heartbeats live. */
  readonly life: Context;
}

/** One instance kept alive in a registry by heartbeats, and put back where the registry has forgotten it. */
export class HttpRegistration implements Registration {
  readonly #client: RegistryClient;
  readonly #instance: Instance;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  readonly #life: CancelContext;
  /** One for all tries: a registration whose answer got lost and its repetition are the same one. */
  readonly #lease = crypto.randomUUID();
  #heartbeatMs = 0;
  #beating: Promise<void> = Promise.resolve();
  #log: Logger | undefined;

  constructor({ client, instance, backoff, random, life }: HttpRegistrationOptions) {
    this.#client = client;
    this.#instance = instance;
    this.#backoff = backoff;
    this.#random = random;
    this.#life = life.withCancel();
  }

  /** Tries until the registry has it, or `ctx` ends. */
  async open(ctx: Context): Promise<void> {
    this.#log = telemetryOf(ctx).log;
    for (;;) {
      try {
        await this.#register(ctx);
        break;
      } catch (error) {
        if (!passing.has(errors.from(error).code)) throw error;
        await sleep(ctx, this.#backoff.nextMs()).catch(() => {
          const { service, id } = this.#instance;
          throw DiscoveryErrors.REGISTRY_UNREACHABLE(
            `register ${service}/${id}: the registry at ${this.#client.url} did not answer; check that it runs and that its address is right`,
            { cause: error },
          );
        });
      }
    }
    this.#beating = this.#beat();
  }

  async close(ctx: Context): Promise<void> {
    if (this.#life.err() !== undefined) return;
    this.#life.cancel(new Error('the registration was closed'));
    await this.#beating;
    await this.#client.deregister(ctx, this.#instance, this.#lease);
  }

  async #register(ctx: Context): Promise<void> {
    ({ heartbeatMs: this.#heartbeatMs } = await this.#client.register(ctx, this.#instance, this.#lease));
    this.#backoff.reset();
  }

  async #beat(): Promise<void> {
    let pauseMs = this.#nextBeatMs();
    while (await this.#pause(pauseMs)) {
      const error = await this.#renew().catch((thrown: unknown) => thrown);
      if (this.#life.err() !== undefined || this.#isReplaced(error)) return;
      pauseMs = error === undefined ? this.#nextBeatMs() : Math.min(this.#backoff.nextMs(), this.#heartbeatMs);
    }
  }

  async #renew(): Promise<void> {
    try {
      await this.#client.renew(this.#life, this.#instance, this.#lease);
      this.#backoff.reset();
    } catch (error) {
      if (!errors.is(error, DiscoveryErrors.NOT_REGISTERED)) throw error;
      await this.#register(this.#life);
      this.#log?.info(this.#life, `${this.#instance.id}: the registry had forgotten it; registered again`);
    }
  }

  /** Two processes with one id would push each other out for ever: the later one stays. */
  #isReplaced(error: unknown): boolean {
    if (!errors.is(error, DiscoveryErrors.INSTANCE_REPLACED)) return false;
    this.#log?.error(this.#life, `${this.#instance.id}: another process took its place in the registry`, { error });
    return true;
  }

  /** A tenth of the interval early by chance at most, so that instances that started together do not renew together. */
  #nextBeatMs(): number {
    return this.#heartbeatMs * (1 - this.#random() / 10);
  }

  #pause(ms: number): Promise<boolean> {
    return sleep(this.#life, ms).then(
      () => true,
      () => false,
    );
  }
}
