import { type Awaitable, type Clock, type Context, Latch } from '../../concurrency/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { GuardErrors } from '../guard-errors.ts';
import type { Bulkhead, BulkheadPermit, BulkheadSnapshot } from './bulkhead.ts';
import { type ExactBulkhead, exactBulkhead, type FairBulkheadSettings } from './bulkhead-options.ts';
import { type Listed, WaitList } from './wait-list.ts';

/** How much of the typical time the last call is. */
const smoothing = 0.1;
const maxTenantsShown = 20;

type TenantOf = (ctx: Context) => string;

/** Both kinds of bulkhead: a plain one has a single share, which is kept for ever. */
export class Shares implements Bulkhead<FairBulkheadSettings> {
  readonly name: string;
  inFlight = 0;
  queued = 0;
  readonly #where: string;
  readonly #clock: Clock;
  readonly #tenantOf: TenantOf | undefined;
  readonly #only = new Share('');
  readonly #shares = new Map<string, Share>();
  /** Those with waiting calls; the one that was served last is last. */
  readonly #wanting = new Set<Share>();
  #settings: ExactBulkhead;
  #full: StatusError;
  #admitted = 0;
  #refused = 0;
  #typicalMs = 0;
  #isNewestFirst = false;

  constructor(where: string, name: string, settings: ExactBulkhead, clock: Clock, tenantOf?: TenantOf) {
    this.name = name;
    this.#where = where;
    this.#settings = settings;
    this.#clock = clock;
    this.#tenantOf = tenantOf;
    this.#full = this.#fullError();
  }

  get settings(): FairBulkheadSettings {
    const { maxQueuePerTenant, perTenantFollows, ...settings } = this.#settings;
    if (this.#tenantOf === undefined) return settings;
    return { ...settings, maxQueuePerTenant: perTenantFollows ? undefined : maxQueuePerTenant };
  }

  acquire(ctx: Context): Awaitable<BulkheadPermit> {
    const share = this.#shareOf(ctx);
    const { maxInFlight, maxQueue, maxQueuePerTenant } = this.#settings;
    if (this.inFlight < maxInFlight && this.queued === 0) return this.#place(share);
    if (this.queued >= maxQueue || share.waiting.length >= maxQueuePerTenant) return this.#refuse(share, this.#full);
    const waitMs = this.#expectedWaitMs(share);
    const leftMs = ctx.remainingMs();
    if (leftMs > 0 && leftMs < waitMs) return this.#refuse(share, tooShort(this.name, leftMs, waitMs));
    return this.#wait(ctx, share);
  }

  configure(change: Partial<FairBulkheadSettings>): void {
    this.#settings = exactBulkhead(this.#where, change, this.#settings);
    this.#full = this.#fullError();
    this.#serve();
  }

  snapshot(): BulkheadSnapshot {
    const { maxInFlight, maxQueue } = this.#settings;
    const tenants = [...this.#shares.values()]
      .map(({ tenant, inFlight, waiting }) => ({ tenant, inFlight, queued: waiting.length }))
      .sort((a, b) => b.inFlight + b.queued - a.inFlight - a.queued)
      .slice(0, maxTenantsShown);
    return {
      name: this.name,
      maxInFlight,
      maxQueue,
      inFlight: this.inFlight,
      queued: this.queued,
      admitted: this.#admitted,
      refused: this.#refused,
      typicalMs: this.#typicalMs,
      isNewestFirst: this.#isNewestFirst,
      tenants,
    };
  }

  /** A place that was held has come free. */
  leave(share: Share, since: number): void {
    const { maxWaitMs, maxInFlight } = this.#settings;
    // A stream of an hour would have all refused who must wait: nobody waits for longer than `maxWaitMs` in any case.
    const heldMs = Math.min(this.#clock.now() - since, maxWaitMs * maxInFlight);
    this.#typicalMs = this.#typicalMs === 0 ? heldMs : this.#typicalMs + smoothing * (heldMs - this.#typicalMs);
    this.inFlight--;
    share.inFlight--;
    this.#serve();
    this.#forget(share);
  }

  async #wait(ctx: Context, share: Share): Promise<BulkheadPermit> {
    const { maxWaitMs } = this.#settings;
    const entry = new Entry(this.#clock.now());
    share.waiting.push(entry);
    this.queued++;
    this.#wanting.add(share);
    // After a change of the settings there may be a place already.
    this.#serve();
    using limited = ctx.withTimeout(maxWaitMs);
    try {
      await entry.latch.wait(limited);
    } catch (error) {
      // A place that came in the very moment in which it gave up goes to the next.
      if (entry.place !== undefined) entry.place.release();
      else this.#giveUp(share, entry);
      this.#refused++;
      if (ctx.err() !== undefined) throw error;
      throw GuardErrors.BULKHEAD_FULL(`${this.name}: no place came free in ${maxWaitMs} ms`);
    }
    return entry.place!;
  }

  #giveUp(share: Share, entry: Entry): void {
    share.waiting.remove(entry);
    this.queued--;
    if (share.waiting.length === 0) this.#wanting.delete(share);
    this.#forget(share);
  }

  /** Gives free places to those who wait: the share that holds the fewest first, in turn. */
  #serve(): void {
    while (this.queued > 0 && this.inFlight < this.#settings.maxInFlight) {
      let next: Share | undefined;
      for (const share of this.#wanting) if (next === undefined || share.inFlight < next.inFlight) next = share;
      this.#serveOne(next!);
    }
    if (this.queued === 0) this.#isNewestFirst = false;
  }

  #serveOne(share: Share): void {
    const { waiting } = share;
    const oldest = waiting.oldest!;
    this.#isNewestFirst = this.#clock.now() - oldest.since > this.#settings.newestFirstAfterMs;
    const entry = this.#isNewestFirst ? waiting.newest! : oldest;
    waiting.remove(entry);
    this.queued--;
    this.#wanting.delete(share);
    if (waiting.length > 0) this.#wanting.add(share);
    entry.place = this.#place(share);
    entry.latch.countDown();
  }

  #place(share: Share): Place {
    this.inFlight++;
    share.inFlight++;
    this.#admitted++;
    return new Place(this, share, this.#clock.now());
  }

  /** By how long calls hold their places; a tenant's turn comes once for each of the others'. */
  #expectedWaitMs(share: Share): number {
    const turns = (share.waiting.length + 1) * (this.#wanting.size + (this.#wanting.has(share) ? 0 : 1));
    const ahead = this.#isNewestFirst ? 1 : Math.min(turns, this.queued + 1);
    return (ahead * this.#typicalMs) / this.#settings.maxInFlight;
  }

  #shareOf(ctx: Context): Share {
    if (this.#tenantOf === undefined) return this.#only;
    const tenant = this.#tenantOf(ctx);
    let share = this.#shares.get(tenant);
    if (share === undefined) {
      share = new Share(tenant);
      this.#shares.set(tenant, share);
    }
    return share;
  }

  #refuse(share: Share, error: StatusError): never {
    this.#refused++;
    this.#forget(share);
    throw error;
  }

  /** So that there are never more shares than calls. */
  #forget(share: Share): void {
    if (share.inFlight > 0 || share.waiting.length > 0) return;
    if (this.#shares.get(share.tenant) === share) this.#shares.delete(share.tenant);
  }

  #fullError(): StatusError {
    const { maxInFlight, maxQueue } = this.#settings;
    return GuardErrors.BULKHEAD_FULL(`${this.name}: ${maxInFlight} calls run, and as many of ${maxQueue} wait as may`);
  }
}

/** What one tenant holds and wants. Kept only while that is anything. */
class Share {
  readonly tenant: string;
  readonly waiting = new WaitList<Entry>();
  inFlight = 0;

  constructor(tenant: string) {
    this.tenant = tenant;
  }
}

/** One that waits. It learns of its place through a latch, which knows how to wait with a Context. */
class Entry implements Listed<Entry> {
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;
  readonly latch = new Latch(1, { name: 'place in a bulkhead' });
  readonly since: number;
  place: Place | undefined = undefined;

  constructor(since: number) {
    this.since = since;
  }
}

class Place implements BulkheadPermit {
  readonly #of: Shares;
  readonly #share: Share;
  readonly #since: number;
  #isHeld = true;

  constructor(of: Shares, share: Share, since: number) {
    this.#of = of;
    this.#share = share;
    this.#since = since;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#of.leave(this.#share, this.#since);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function tooShort(name: string, leftMs: number, waitMs: number): StatusError {
  return GuardErrors.DEADLINE_TOO_SHORT(
    `${name}: ${Math.floor(leftMs)} ms are left, and a place is expected in ${Math.ceil(waitMs)} ms`,
  );
}
