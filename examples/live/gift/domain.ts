import { all, type Context } from 'flotilla/concurrency';
import { defineErrors, from, is } from 'flotilla/errors';
import { telemetryOf } from 'flotilla/observe';
import type { Caller } from '../caller.ts';
import { newId } from '../ids.ts';

export const GiftErrors = defineErrors('live.gift', {
  UNKNOWN_GIFT: { code: 'invalid_argument' },
  INVALID_COUNT: { code: 'invalid_argument' },
  INVALID_REQUEST_KEY: { code: 'invalid_argument' },
  OWN_ROOM: { code: 'failed_precondition' },
  ROOM_CLOSED: { code: 'failed_precondition' },
  REQUEST_KEY_REUSED: { code: 'already_exists', description: 'The key came before with another gift, count or room.' },
  /** Of the store: the sender has a gift of this key. */
  KEY_TAKEN: { code: 'already_exists' },
});

export interface GiftKind {
  readonly name: string;
  readonly coins: number;
}

/** What can be given, cheapest first. */
export const giftKinds: readonly GiftKind[] = [
  { name: 'rose', coins: 1 },
  { name: 'cake', coins: 10 },
  { name: 'fireworks', coins: 50 },
  { name: 'rocket', coins: 200 },
];

/**
 * How far a gift has come. It is written before a coin moves, so that whoever finds it after a crash can finish it:
 *
 *     intended ──▶ paid ──▶ told        every step may be taken again: each has the gift's id as its key
 *        └─▶ refused ─▶ intended        a refused gift that is sent again is intended anew, before a coin moves
 *
 * Nobody looks after a refused gift, so only the latest attempt to pay may refuse it: an earlier one, refused late, does not
 * know whether the later one has paid.
 */
export type GiftState = 'intended' | 'refused' | 'paid' | 'told';

export interface Gift {
  readonly id: string;
  readonly roomId: string;
  readonly senderId: string;
  readonly senderName: string;
  readonly receiverId: string;
  readonly kind: string;
  readonly count: number;
  readonly coins: number;
  readonly requestKey: string;
  readonly state: GiftState;
  /** Which attempt to pay is the latest, from 1. */
  readonly attempt: number;
  readonly createdMs: number;
}

/** A gift with the tenant that it belongs to. */
export interface TenantGift {
  readonly tenant: string;
  readonly gift: Gift;
}

/** What the domain needs of its data. */
export interface GiftStore {
  /** Throws KEY_TAKEN where the sender has a gift of the same request key. */
  intend(ctx: Context, tenant: string, gift: Gift): Promise<void>;
  findByKey(ctx: Context, tenant: string, senderId: string, requestKey: string): Promise<Gift | undefined>;
  /** Begins another attempt to pay and gives its number, where the gift is intended or refused: it is intended then. */
  retry(ctx: Context, tenant: string, id: string): Promise<number>;
  /** Refuses a gift that is intended, if `attempt` is its latest. */
  refuse(ctx: Context, tenant: string, id: string, attempt: number): Promise<void>;
  /** Moves on from one of `before`; changes nothing in another state. */
  advance(ctx: Context, tenant: string, id: string, before: readonly GiftState[], after: GiftState): Promise<void>;
  /** Gifts that are not finished and were not touched since `beforeMs`, oldest first; marks them as touched at `nowMs`. */
  takeUnfinished(ctx: Context, beforeMs: number, nowMs: number, limit: number): Promise<TenantGift[]>;
}

/** Moves coins between accounts, once per key. */
export interface Wallets {
  transfer(
    ctx: Context,
    transfer: { fromId: string; toId: string; coins: number; key: string },
  ): Promise<{ coinsLeft: number }>;
}

/** Knows rooms and is told of gifts, once per gift id. */
export interface RoomDirectory {
  get(ctx: Context, roomId: string): Promise<{ readonly hostId: string; readonly isOpen: boolean }>;
  tell(ctx: Context, gift: Gift): Promise<void>;
}

/** Counts gifts, once per gift id. */
export interface RankBoard {
  record(ctx: Context, gift: Gift): Promise<void>;
}

export interface NameDirectory {
  nameOf(ctx: Context, tenant: string, accountId: string): Promise<string>;
}

export interface SendRequest {
  readonly roomId: string;
  readonly kind: string;
  /** 0 means 1. */
  readonly count: number;
  readonly requestKey: string;
}

export interface SentGift {
  readonly gift: Gift;
  /** What the sender has left. */
  readonly coinsLeft: number;
}

export interface GiftsOptions {
  readonly store: GiftStore;
  readonly wallets: Wallets;
  readonly rooms: RoomDirectory;
  readonly ranks: RankBoard;
  readonly names: NameDirectory;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

const maxCount = 99;
const maxKeyLength = 64;
/** Codes of a refusal that another try cannot change; after any other failure the coins may or may not have moved. */
const refusals: ReadonlySet<string> = new Set([
  'failed_precondition',
  'not_found',
  'invalid_argument',
  'already_exists',
  'permission_denied',
  'out_of_range',
]);

/** Sends gifts: coins from a viewer to the host of a room, exactly once per request key. */
export class Gifts {
  readonly #options: GiftsOptions;

  constructor(options: GiftsOptions) {
    this.#options = options;
  }

  async send(ctx: Context, caller: Caller, request: SendRequest): Promise<SentGift> {
    const kind = checkedKind(request);
    const gift = (await this.#repeated(ctx, caller, request)) ?? (await this.#intend(ctx, caller, request, kind));
    return await this.#finish(ctx, caller.tenant, gift);
  }

  /**
   * Takes a gift through the steps that it has not taken, or that nobody knows of. Any number of processes may do so at
   * the same time. The Context's principal must be the sender.
   */
  async finish(ctx: Context, tenant: string, gift: Gift): Promise<SentGift> {
    return await this.#finish(ctx, tenant, await this.#again(ctx, tenant, gift));
  }

  async #finish(ctx: Context, tenant: string, gift: Gift): Promise<SentGift> {
    const { coinsLeft } = await this.#pay(ctx, tenant, gift);
    if (gift.state !== 'told') await this.#tell(ctx, tenant, gift);
    return { gift, coinsLeft };
  }

  async #repeated(ctx: Context, caller: Caller, request: SendRequest): Promise<Gift | undefined> {
    const gift = await this.#options.store.findByKey(ctx, caller.tenant, caller.accountId, request.requestKey);
    if (gift === undefined) return undefined;
    if (gift.kind === request.kind && gift.roomId === request.roomId && gift.count === countOf(request))
      return await this.#again(ctx, caller.tenant, gift);
    throw GiftErrors.REQUEST_KEY_REUSED(`the request key "${request.requestKey}" was used for another gift`);
  }

  /** The gift with an attempt of its own for whoever works on it now. */
  async #again(ctx: Context, tenant: string, gift: Gift): Promise<Gift> {
    if (gift.state === 'paid' || gift.state === 'told') return gift;
    return { ...gift, attempt: await this.#options.store.retry(ctx, tenant, gift.id) };
  }

  async #intend(ctx: Context, caller: Caller, request: SendRequest, kind: GiftKind): Promise<Gift> {
    const { store, rooms, names, now } = this.#options;
    const { room, senderName } = await all(ctx, {
      room: (ctx) => rooms.get(ctx, request.roomId),
      senderName: (ctx) => names.nameOf(ctx, caller.tenant, caller.accountId),
    });
    if (!room.isOpen) throw GiftErrors.ROOM_CLOSED('the room is closed: it takes no gifts');
    if (room.hostId === caller.accountId) throw GiftErrors.OWN_ROOM('a host cannot send gifts to the own room');
    const count = countOf(request);
    const gift: Gift = {
      id: newId(now()),
      roomId: request.roomId,
      senderId: caller.accountId,
      senderName,
      receiverId: room.hostId,
      kind: kind.name,
      count,
      coins: kind.coins * count,
      requestKey: request.requestKey,
      state: 'intended',
      attempt: 1,
      createdMs: now(),
    };
    try {
      await store.intend(ctx, caller.tenant, gift);
      return gift;
    } catch (error) {
      if (!is(error, GiftErrors.KEY_TAKEN)) throw error;
      // The same request came twice at the same time, and the other one was first.
      const first = await this.#repeated(ctx, caller, request);
      if (first === undefined) throw error;
      return first;
    }
  }

  async #pay(ctx: Context, tenant: string, gift: Gift): Promise<{ coinsLeft: number }> {
    const { store, wallets } = this.#options;
    const { id, senderId, receiverId, coins, attempt, state } = gift;
    let paid: { coinsLeft: number };
    try {
      paid = await wallets.transfer(ctx, { fromId: senderId, toId: receiverId, coins, key: id });
    } catch (error) {
      if (refusals.has(from(error).code)) await store.refuse(ctx, tenant, id, attempt);
      throw error;
    }
    if (state !== 'paid' && state !== 'told') await store.advance(ctx, tenant, id, ['intended', 'refused'], 'paid');
    return paid;
  }

  /** The coins have moved, so the gift is sent whatever happens here; what fails is done later by recovery. */
  async #tell(ctx: Context, tenant: string, gift: Gift): Promise<void> {
    const { store, rooms, ranks } = this.#options;
    try {
      await Promise.all([rooms.tell(ctx, gift), ranks.record(ctx, gift)]);
      await store.advance(ctx, tenant, gift.id, ['paid'], 'told');
    } catch (error) {
      telemetryOf(ctx).log.warn(ctx, 'a gift was paid but not told everywhere; it will be', { gift: gift.id, error });
    }
  }
}

function checkedKind({ kind, count, requestKey }: SendRequest): GiftKind {
  const found = giftKinds.find(({ name }) => name === kind);
  if (found === undefined) {
    const known = giftKinds.map(({ name }) => name).join(', ');
    throw GiftErrors.UNKNOWN_GIFT(`there is no gift ${JSON.stringify(kind.slice(0, 40))}; there are: ${known}`);
  }
  if (!(count >= 0 && count <= maxCount))
    throw GiftErrors.INVALID_COUNT(`${count} gifts at once; give 1 to ${maxCount}`);
  if (requestKey.length < 1 || requestKey.length > maxKeyLength) {
    throw GiftErrors.INVALID_REQUEST_KEY(
      `the request key has ${requestKey.length} characters; give 1 to ${maxKeyLength}`,
    );
  }
  return found;
}

function countOf({ count }: SendRequest): number {
  return count === 0 ? 1 : count;
}
