import { withFields } from 'flotilla/call';
import { type Context, go, type OwnedTask, sleep } from 'flotilla/concurrency';
import { noTelemetry, telemetryOf, withTelemetry } from 'flotilla/observe';
import type { Endpoint, Server } from 'flotilla/service';
import type { GiftStore, Gifts } from './domain.ts';

export interface RecoveryOptions {
  readonly gifts: Gifts;
  readonly store: GiftStore;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** How often unfinished gifts are looked for. Default: 2,000. */
  readonly everyMs?: number;
  /** A gift that was begun this long ago and is not finished has lost its sender. Default: 15,000, longer than any call. */
  readonly abandonedAfterMs?: number;
}

const batch = 50;
const giftTimeoutMs = 5_000;

/**
 * Finishes the gifts of processes that died, and of calls that ran out of time, between two steps. Every replica runs it;
 * two that meet at one gift do no harm, since every step has the gift's id as its key.
 */
export class GiftRecovery implements Server {
  readonly #options: RecoveryOptions;
  #recovering: OwnedTask<void> | undefined;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  async start(ctx: Context): Promise<readonly Endpoint[]> {
    this.#recovering = go(ctx, (own) => this.#run(own));
    return [];
  }

  async stop(): Promise<void> {
    await this.#recovering?.stop();
  }

  /** Finishes what is unfinished now; answers how many gifts that were. */
  async recover(ctx: Context): Promise<number> {
    const { store, gifts, now, abandonedAfterMs = 15_000 } = this.#options;
    // The look itself would be a trace every two seconds that tells nothing.
    const quiet = withTelemetry(ctx, noTelemetry);
    const found = await store.takeUnfinished(quiet, now() - abandonedAfterMs, now(), batch);
    for (const { tenant, gift } of found) {
      using own = withFields(ctx, { tenant, principal: gift.senderId }).withTimeout(giftTimeoutMs);
      try {
        await gifts.finish(own, tenant, gift);
        telemetryOf(ctx).log.info(own, 'an unfinished gift was finished', { gift: gift.id });
      } catch (error) {
        telemetryOf(ctx).log.warn(own, 'an unfinished gift could not be finished', { gift: gift.id, error });
      }
      ctx.throwIfDone();
    }
    return found.length;
  }

  async #run(ctx: Context): Promise<void> {
    for (;;) {
      try {
        await this.recover(ctx);
      } catch (error) {
        ctx.throwIfDone();
        telemetryOf(ctx).log.warn(ctx, 'unfinished gifts could not be looked for', { error });
      }
      await sleep(ctx, this.#options.everyMs ?? 2_000);
    }
  }
}
