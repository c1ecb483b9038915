import type { CallHead, Permit, Rejection } from '../../call/index.ts';
import {
  type CancelContext,
  type Context,
  go,
  isContextError,
  type OwnedTask,
  sleep,
  until,
} from '../../concurrency/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import type { NamedLimiter } from '../limits/limiter.ts';
import { sharedPermit } from '../limits/metered-limit.ts';
import { checkName } from '../limits/rate-options.ts';
import { memoryQuotaStore } from './memory-quota-store.ts';
import { QuotaPart, type QuotaPhase } from './quota-part.ts';
import { defaultSettings, exactSettings, type QuotaSettings } from './quota-settings.ts';
import type { QuotaStore } from './quota-store.ts';
import { QuotaTelemetry } from './quota-telemetry.ts';

export interface QuotaOptions extends QuotaSettings {
  /** Where the instances share the tree. It stays the caller's. Default: one for this quota alone. */
  readonly store?: QuotaStore;
  /** Unique among those that share the store. Default: the telemetry's instance, without one a random id. */
  readonly instance?: string;
  /** In errors, metrics and the `RateLimit` headers: 1 to 64 letters, digits, `_`, `-` and `.`. Default: `quota`. */
  readonly name?: string;
  /** Permits say too how much is left; this allocates. Refusals always do. Default: false. */
  readonly tell?: boolean;
  /** A number from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
}

/** One leaf as it stands on this instance. Rates are in calls per second. */
export interface QuotaLeafSnapshot {
  readonly path: string;
  /** The path of the tenant that it belongs to. */
  readonly tenant: string;
  /** Infinity where no limit applies. */
  readonly share: number;
  readonly wants: number;
  readonly admitted: number;
  readonly refused: number;
}

export interface QuotaSnapshot {
  readonly name: string;
  readonly instance: string;
  readonly phase: QuotaPhase;
  /** How many instances there are, as the store said last; 0 for never. */
  readonly instances: number;
  /** Exchanges in a row that failed. */
  readonly failures: number;
  readonly leaves: readonly QuotaLeafSnapshot[];
}

/**
 * Lets calls through by their tenant's share of a tree that many instances divide. The call's tenant (`acme/shop`) and its
 * method say which leaf pays; the decision is made at once from the lease that this instance holds, and the store is asked
 * twice a second for all leaves together, up to eight times while new ones come.
 *
 * While the store is slow or away the lease lasts until it ends; then the instance divides `limit / instances` of every
 * node among its own tenants. Refusals are `resource_exhausted` QUOTA_EXHAUSTED, shared objects.
 */
export interface Quota extends NamedLimiter, AsyncDisposable {
  /** Throws a RangeError that names the option. With another tree all tenants start anew. */
  configure(change: Partial<QuotaSettings>): void;
  snapshot(): QuotaSnapshot;
  /** Ends the renewals and gives the shares back, for which it waits one timeout at most. It still decides afterwards. */
  close(): Promise<void>;
}

/**
 * Starts the renewals, which end with `close` or with `ctx`; its clock and telemetry count. Throws a RangeError for an
 * option out of its range.
 */
export function quota(ctx: Context, options: QuotaOptions): Quota {
  return new LeasedQuota(ctx, options);
}

/** After failures the pause doubles up to so many renewals. */
const maxPause = 4;

class LeasedQuota implements Quota {
  readonly name: string;
  readonly #ctx: Context;
  readonly #instance: string;
  readonly #store: QuotaStore;
  readonly #random: () => number;
  readonly #tell: boolean;
  readonly #part: QuotaPart;
  readonly #telemetry: QuotaTelemetry;
  readonly #renewals: OwnedTask<void>;
  #settings: Required<QuotaSettings>;
  #failures = 0;
  #askedAt = 0;
  /** A leaf is new, and not in a report yet. */
  #hasNews = false;
  #nap: CancelContext | undefined;

  constructor(
    ctx: Context,
    { store, instance, name = 'quota', tell = false, random = Math.random, ...settings }: QuotaOptions,
  ) {
    checkName('quota', name);
    this.name = name;
    this.#ctx = ctx;
    this.#instance = instance ?? (telemetryOf(ctx).resource.instance || crypto.randomUUID());
    this.#store = store ?? memoryQuotaStore({ clock: ctx.clock });
    this.#random = random;
    this.#tell = tell;
    this.#settings = exactSettings(settings, defaultSettings(settings.tree));
    this.#part = new QuotaPart(this.#instance, name, this.#settings, () => this.#hurry());
    this.#telemetry = new QuotaTelemetry(ctx, name);
    this.#renewals = go(ctx, (ctx) => this.#renewFor(ctx));
  }

  acquire(head: CallHead, cost = 1): Permit | Rejection {
    // One that is endless would never be paid off, and what the store is told of could not be written down.
    if (!(cost > 0 && cost < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`quota ${this.name}: a cost is ${cost}; give a finite number above 0`);
    }
    const now = this.#ctx.clock.now();
    const leaf = this.#part.leafOf(head, now);
    if (!leaf.take(now, cost)) return leaf.rejection(cost);
    return this.#tell && !leaf.isFree ? leaf.permit() : sharedPermit;
  }

  giveBack(head: CallHead, cost = 1): void {
    this.#part.leafOf(head, this.#ctx.clock.now()).giveBack(cost);
  }

  configure(change: Partial<QuotaSettings>): void {
    this.#settings = exactSettings(change, this.#settings);
    this.#part.configure(this.#settings, this.#ctx.clock.now());
    this.#hurry();
  }

  snapshot(): QuotaSnapshot {
    const { phase, instances, leaves } = this.#part;
    return {
      name: this.name,
      instance: this.#instance,
      phase,
      instances,
      failures: this.#failures,
      leaves: [...leaves].map(({ node, tenant, isFree, share, wants, admitted, refused }) => {
        return { path: node.path, tenant, share: isFree ? Number.POSITIVE_INFINITY : share, wants, admitted, refused };
      }),
    };
  }

  async close(): Promise<void> {
    await this.#renewals.stop();
    using ctx = this.#ctx.withoutCancel().withTimeout(this.#settings.timeoutMs);
    try {
      await until(ctx, this.#store.release(ctx, this.#instance));
    } catch {
      // The lease ends by itself.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #renewFor(ctx: Context): Promise<void> {
    for (;;) {
      await this.#renew(ctx);
      await this.#pause(ctx);
    }
  }

  async #renew(ctx: Context): Promise<void> {
    const { clock } = ctx;
    this.#askedAt = clock.now();
    this.#hasNews = false;
    const open = this.#part.report(this.#askedAt);
    using limit = ctx.withTimeout(this.#settings.timeoutMs);
    let failure: unknown;
    try {
      const grant = await until(limit, this.#store.exchange(limit, open.report));
      this.#part.accept(open, grant, clock.now());
      this.#failures = 0;
    } catch (error) {
      ctx.throwIfDone();
      this.#part.fail(clock.now());
      this.#failures++;
      failure = error;
    }
    this.#telemetry.tell(this.#part, failure);
  }

  /** Instances do not come back to the store as one: a tenth of the pause, after failures half of it, is by chance. */
  async #pause(ctx: Context): Promise<void> {
    const { renewMs } = this.#settings;
    const isLost = this.#failures > 0;
    const ms = renewMs * Math.min(2 ** Math.max(0, this.#failures - 1), maxPause);
    const jitter = isLost ? 0.5 : 0.1;
    if (isLost) await sleep(ctx, ms * (1 + jitter - 2 * jitter * this.#random()));
    else await this.#sleepUnlessNew(ctx, ms * (1 + jitter - 2 * jitter * this.#random()));
  }

  /** What is new does not wait for the next renewal, but for others that are new too, so that the store is asked seldom. */
  async #sleepUnlessNew(ctx: Context, ms: number): Promise<void> {
    if (!this.#hasNews) {
      using nap = ctx.withCancel();
      this.#nap = nap;
      try {
        await sleep(nap, ms);
        return;
      } catch (error) {
        if (!isContextError(error)) throw error;
      } finally {
        this.#nap = undefined;
      }
    }
    const { renewMs } = this.#settings;
    await sleep(ctx, Math.max(renewMs / 10, this.#askedAt + renewMs / 4 - ctx.clock.now()));
  }

  #hurry(): void {
    this.#hasNews = true;
    this.#nap?.cancel();
    this.#nap = undefined;
  }
}
