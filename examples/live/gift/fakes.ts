/** Neighbours of the gift domain in memory, for its tests. Each can be told to fail, before or after it has acted. */
import type { Context } from 'flotilla/concurrency';
import { StatusError } from 'flotilla/errors';
import { type Gift, GiftErrors, type GiftState, type GiftStore, type TenantGift } from './domain.ts';

/** Counts the steps of a run and breaks off at one of them: what `kill -9` does between two durable writes. */
export class CrashPoint {
  step = 0;
  at = Number.POSITIVE_INFINITY;

  /** Runs a step that has an effect; the process may die before it, or after it with the answer lost. */
  async run<T>(act: () => T): Promise<T> {
    this.#check();
    const result = act();
    this.#check();
    return result;
  }

  #check(): void {
    if (this.step++ === this.at) throw new StatusError('unavailable', 'the process died', { reason: 'CRASHED' });
    // A dead process does nothing more.
    if (this.step > this.at) throw new StatusError('unavailable', 'the process is dead', { reason: 'CRASHED' });
  }
}

export class FakeGiftStore implements GiftStore {
  readonly rows: { tenant: string; gift: Gift; touchedMs: number }[] = [];
  readonly #crash: CrashPoint;

  constructor(crash: CrashPoint) {
    this.#crash = crash;
  }

  intend(_ctx: Context, tenant: string, gift: Gift): Promise<void> {
    return this.#crash.run(() => {
      const taken = this.rows.some((row) => row.tenant === tenant && sameKey(row.gift, gift));
      if (taken) throw GiftErrors.KEY_TAKEN('the key is taken');
      this.rows.push({ tenant, gift, touchedMs: gift.createdMs });
    });
  }

  async findByKey(_ctx: Context, tenant: string, senderId: string, requestKey: string): Promise<Gift | undefined> {
    return this.rows.find((row) => row.tenant === tenant && sameKey(row.gift, { senderId, requestKey }))?.gift;
  }

  retry(_ctx: Context, tenant: string, id: string): Promise<number> {
    return this.#crash.run(() => {
      const row = this.#row(tenant, id);
      const { gift } = row;
      if (gift.state === 'intended' || gift.state === 'refused')
        row.gift = { ...gift, state: 'intended', attempt: gift.attempt + 1 };
      return row.gift.attempt;
    });
  }

  refuse(_ctx: Context, tenant: string, id: string, attempt: number): Promise<void> {
    return this.#crash.run(() => {
      const row = this.#row(tenant, id);
      if (row.gift.state === 'intended' && row.gift.attempt === attempt) row.gift = { ...row.gift, state: 'refused' };
    });
  }

  advance(_ctx: Context, tenant: string, id: string, before: readonly GiftState[], after: GiftState): Promise<void> {
    return this.#crash.run(() => {
      const row = this.#row(tenant, id);
      if (before.includes(row.gift.state)) row.gift = { ...row.gift, state: after };
    });
  }

  async takeUnfinished(_ctx: Context, beforeMs: number, nowMs: number, limit: number): Promise<TenantGift[]> {
    const found = this.rows
      .filter(({ gift, touchedMs }) => ['intended', 'paid'].includes(gift.state) && touchedMs < beforeMs)
      .slice(0, limit);
    for (const row of found) row.touchedMs = nowMs;
    return found.map(({ tenant, gift }) => ({ tenant, gift }));
  }

  #row(tenant: string, id: string) {
    return this.rows.find((row) => row.tenant === tenant && row.gift.id === id)!;
  }
}

/** Wallets, rooms and rankings that act once per key. */
export class FakeWorld {
  readonly coins = new Map<string, number>([
    ['viewer', 1_000],
    ['host', 1_000],
  ]);
  readonly transfers = new Map<string, number>();
  readonly told = new Map<string, Gift>();
  readonly ranked = new Map<string, Gift>();
  isOpen = true;
  readonly #crash: CrashPoint;

  constructor(crash: CrashPoint) {
    this.#crash = crash;
  }

  wallets = {
    transfer: (
      _ctx: Context,
      { fromId, toId, coins, key }: { fromId: string; toId: string; coins: number; key: string },
    ) =>
      this.#crash.run(() => {
        const left = this.coins.get(fromId) ?? 0;
        if (this.transfers.has(key)) return { coinsLeft: left };
        if (left < coins)
          throw new StatusError('failed_precondition', 'not enough coins', { reason: 'NOT_ENOUGH_COINS' });
        this.transfers.set(key, coins);
        this.coins.set(fromId, left - coins);
        this.coins.set(toId, (this.coins.get(toId) ?? 0) + coins);
        return { coinsLeft: left - coins };
      }),
  };
  rooms = {
    get: async () => ({ hostId: 'host', isOpen: this.isOpen }),
    tell: (_ctx: Context, gift: Gift) => this.#crash.run(() => void this.told.set(gift.id, gift)),
  };
  ranks = {
    record: (_ctx: Context, gift: Gift) => this.#crash.run(() => void this.ranked.set(gift.id, gift)),
  };
  names = { nameOf: async (_ctx: Context, _tenant: string, id: string) => `name of ${id}` };
}

function sameKey(a: Pick<Gift, 'senderId' | 'requestKey'>, b: Pick<Gift, 'senderId' | 'requestKey'>): boolean {
  return a.senderId === b.senderId && a.requestKey === b.requestKey;
}
