import { type CancelContext, type Context, sleep } from '../../concurrency/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { noTelemetry, withTelemetry } from '../../observe/index.ts';
import type { IsReady } from '../../service/index.ts';
import { RpcErrors } from '../rpc-errors.ts';

/** What is known of a service; `unknown`: the server does not have it. */
export type ServiceHealth = 'serving' | 'not_serving' | 'unknown';

/**
 * The health of a server's services. They share it: all can be called while the app is ready and the server does not drain.
 * The empty name is the server as a whole.
 */
export class HealthMonitor {
  readonly names: readonly string[];
  #isReady: IsReady = async () => false;
  #isDraining = false;
  #end: StatusError | undefined;
  #watchers = 0;
  #changes = 0;
  /** Those that wait for a change. */
  readonly #asleep = new Set<CancelContext>();

  constructor(services: readonly string[]) {
    this.names = ['', ...services];
  }

  /** From now on it is asked whether the app is ready. Before, nothing is serving. */
  start(isReady: IsReady): void {
    this.#isReady = isReady;
    this.#wake();
  }

  /** Nothing is serving any more, and watchers hear of it at once. */
  drain(): void {
    this.#isDraining = true;
    this.#wake();
  }

  /** As `drain`; then what watchers watch ends with the error. */
  close(end: StatusError): void {
    this.#end ??= end;
    this.drain();
  }

  async check(ctx: Context, service: string): Promise<ServiceHealth> {
    if (!this.names.includes(service)) return 'unknown';
    // Nor do the app's checks leave traces.
    const quiet = withTelemetry(ctx, noTelemetry);
    return !this.#isDraining && (await this.#isReady(quiet)) && !this.#isDraining ? 'serving' : 'not_serving';
  }

  /**
   * The health now, and after each change; the app is asked once in a second. Throws TOO_MANY_WATCHERS where so many watch
   * already that one more could be an attack, for nobody else keeps them out.
   */
  async *watch(ctx: Context, service: string): AsyncGenerator<ServiceHealth> {
    if (this.#watchers >= maxWatchers)
      throw RpcErrors.TOO_MANY_WATCHERS(`${maxWatchers} callers watch the health of this server already`);
    this.#watchers++;
    try {
      for (let last: ServiceHealth | undefined; ; ) {
        const changes = this.#changes;
        const now = await this.check(ctx, service);
        if (now !== last) yield now;
        last = now;
        if (changes !== this.#changes) continue;
        if (this.#end !== undefined) throw this.#end;
        await this.#pause(ctx);
      }
    } finally {
      this.#watchers--;
    }
  }

  #wake(): void {
    this.#changes++;
    for (const waiting of this.#asleep) waiting.cancel();
  }

  async #pause(ctx: Context): Promise<void> {
    using waiting = ctx.withCancel();
    this.#asleep.add(waiting);
    try {
      await sleep(waiting, pollMs);
    } catch {
      ctx.throwIfDone();
    } finally {
      this.#asleep.delete(waiting);
    }
  }
}

const pollMs = 1_000;
const maxWatchers = 256;
