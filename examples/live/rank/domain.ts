import type { Context } from 'flotilla/concurrency';
import { defineErrors } from 'flotilla/errors';

export const RankErrors = defineErrors('live.rank', {
  INVALID_LIMIT: { code: 'invalid_argument' },
  INVALID_RECORD: { code: 'invalid_argument' },
});

/** A gift as the ranking counts it. */
export interface GiftRecord {
  readonly giftId: string;
  readonly roomId: string;
  readonly senderId: string;
  readonly senderName: string;
  readonly coins: number;
  readonly count: number;
}

export interface Entry {
  readonly accountId: string;
  readonly name: string;
  readonly coins: number;
  readonly gifts: number;
}

/** What the domain needs of its data. Every row belongs to a tenant, and no call sees another's. */
export interface RankStore {
  /** Adds to the sender's sum, once per gift id. */
  add(ctx: Context, tenant: string, record: GiftRecord): Promise<void>;
  /** Most coins first; of equals, the one that was first in the alphabet of ids. */
  top(ctx: Context, tenant: string, roomId: string, limit: number): Promise<Entry[]>;
}

const presetLimit = 10;
const maxLimit = 100;
const maxIdLength = 64;

/** Who gave most in a room. */
export class Ranking {
  readonly #store: RankStore;

  constructor(store: RankStore) {
    this.#store = store;
  }

  async record(ctx: Context, tenant: string, record: GiftRecord): Promise<void> {
    const { giftId, roomId, senderId, coins, count } = record;
    for (const [name, id] of Object.entries({ giftId, roomId, senderId })) {
      if (id.length >= 1 && id.length <= maxIdLength) continue;
      throw RankErrors.INVALID_RECORD(`${name} has ${id.length} characters; give 1 to ${maxIdLength}`);
    }
    if (!Number.isSafeInteger(coins) || coins < 1 || !Number.isSafeInteger(count) || count < 1) {
      throw RankErrors.INVALID_RECORD(`${coins} coins for ${count} gifts; both must be whole numbers from 1`);
    }
    await this.#store.add(ctx, tenant, record);
  }

  async top(ctx: Context, tenant: string, roomId: string, limit: number): Promise<Entry[]> {
    if (limit !== 0 && !(limit >= 1 && limit <= maxLimit)) {
      throw RankErrors.INVALID_LIMIT(`the limit ${limit} is not between 1 and ${maxLimit}`);
    }
    return await this.#store.top(ctx, tenant, roomId, limit === 0 ? presetLimit : limit);
  }
}
