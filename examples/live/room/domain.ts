import type { Context } from 'flotilla/concurrency';
import { defineErrors } from 'flotilla/errors';
import type { Caller } from '../caller.ts';
import { newId } from '../ids.ts';
import { decodePageToken, encodePageToken, pageSizeOf } from '../page-token.ts';

export const RoomErrors = defineErrors('live.room', {
  ROOM_NOT_FOUND: { code: 'not_found' },
  ROOM_CLOSED: { code: 'failed_precondition' },
  NOT_THE_HOST: { code: 'permission_denied' },
  INVALID_TITLE: { code: 'invalid_argument' },
  INVALID_TEXT: { code: 'invalid_argument' },
  INVALID_EVENT: { code: 'invalid_argument' },
  TOO_MANY_WATCHERS: { code: 'resource_exhausted' },
});

export type RoomState = 'open' | 'closed';

export interface Room {
  readonly id: string;
  readonly title: string;
  readonly hostId: string;
  readonly state: RoomState;
  readonly createdMs: number;
  /** The number of the last event; grows by one with each. */
  readonly lastSeq: number;
}

export interface Message {
  readonly id: string;
  readonly roomId: string;
  readonly authorId: string;
  readonly authorName: string;
  readonly text: string;
  readonly createdMs: number;
}

export interface Gift {
  readonly senderId: string;
  readonly senderName: string;
  readonly gift: string;
  readonly count: number;
  readonly coins: number;
}

/** What happened in a room. The events of a room are numbered without gaps, in the order in which they were committed. */
export type RoomEvent = { readonly roomId: string; readonly seq: number; readonly createdMs: number } & (
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'gift'; readonly gift: Gift }
  | { readonly kind: 'state'; readonly state: RoomState }
);

/** An event that is not numbered yet. The key names it: the second of the same key is not written. */
export type NewEvent = { readonly key: string; readonly createdMs: number } & (
  | { readonly kind: 'message'; readonly authorId: string; readonly authorName: string; readonly text: string }
  | { readonly kind: 'gift'; readonly gift: Gift }
);

/** What the domain needs of its data. Every row belongs to a tenant, and no call sees another's. */
export interface RoomStore {
  create(ctx: Context, tenant: string, room: Room): Promise<void>;
  find(ctx: Context, tenant: string, id: string): Promise<Room | undefined>;
  /** Newest first, older than `beforeId`. */
  list(ctx: Context, tenant: string, page: { state?: RoomState; beforeId?: string; limit: number }): Promise<Room[]>;
  /** Changes the state and writes the event of it; nothing where it is so already. Undefined: there is no such room. */
  setState(ctx: Context, tenant: string, id: string, state: RoomState, nowMs: number): Promise<Room | undefined>;
  /**
   * Numbers and writes an event of an open room. Where the key is there already, answers the number that it has, also for
   * a closed room. Throws ROOM_NOT_FOUND, ROOM_CLOSED.
   */
  append(ctx: Context, tenant: string, roomId: string, event: NewEvent): Promise<number>;
  /** Events after `afterSeq`, oldest first. */
  eventsAfter(ctx: Context, tenant: string, roomId: string, afterSeq: number, limit: number): Promise<RoomEvent[]>;
  /** Messages before `beforeSeq`, newest first, with their numbers. */
  messages(
    ctx: Context,
    tenant: string,
    roomId: string,
    page: { beforeSeq?: number; limit: number },
  ): Promise<{ seq: number; message: Message }[]>;
}

/** Knows people's names. */
export interface NameDirectory {
  nameOf(ctx: Context, tenant: string, accountId: string): Promise<string>;
}

/** Follows the events of rooms as they are written, by whichever process. */
export interface EventFeed {
  /** Events after `afterSeq` as they come, until the Context ends. */
  follow(ctx: Context, tenant: string, roomId: string, afterSeq: number): AsyncIterable<RoomEvent>;
  /** An event was just written here: do not wait for the next look. */
  wake(): void;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

const maxTitleLength = 80;
const maxTextLength = 500;
const maxKeyLength = 100;
const pageSize = { preset: 20, max: 100 };

export interface RoomsOptions {
  readonly store: RoomStore;
  readonly names: NameDirectory;
  readonly feed: EventFeed;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

/** Live rooms and what happens in them. */
export class Rooms {
  readonly #options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  async create(ctx: Context, caller: Caller, title: string): Promise<Room> {
    const createdMs = this.#options.now();
    const room: Room = {
      id: newId(createdMs),
      title: checkedText(title, maxTitleLength, 'title', RoomErrors.INVALID_TITLE),
      hostId: caller.accountId,
      state: 'open',
      createdMs,
      lastSeq: 0,
    };
    await this.#options.store.create(ctx, caller.tenant, room);
    return room;
  }

  async get(ctx: Context, tenant: string, id: string): Promise<Room> {
    return (await this.#options.store.find(ctx, tenant, id)) ?? missing(id);
  }

  async list(
    ctx: Context,
    tenant: string,
    { state, size, token }: { state: RoomState | undefined; size: number; token: string },
  ): Promise<Page<Room>> {
    const limit = pageSizeOf(size, pageSize);
    const scope = `rooms/${state ?? 'all'}`;
    const beforeId = decodePageToken(scope, token);
    const rooms = await this.#options.store.list(ctx, tenant, {
      limit: limit + 1,
      ...(state !== undefined && { state }),
      ...(beforeId !== undefined && { beforeId }),
    });
    return page(rooms, limit, (last) => encodePageToken(scope, last.id));
  }

  /** Opens or closes; only the host may. */
  async setState(ctx: Context, caller: Caller, id: string, state: RoomState): Promise<Room> {
    const { store, feed, now } = this.#options;
    const room = await this.get(ctx, caller.tenant, id);
    if (room.hostId !== caller.accountId) {
      throw RoomErrors.NOT_THE_HOST(`only its host may ${state === 'open' ? 'open' : 'close'} the room`);
    }
    const changed = (await store.setState(ctx, caller.tenant, id, state, now())) ?? missing(id);
    feed.wake();
    return changed;
  }

  async post(ctx: Context, caller: Caller, roomId: string, text: string): Promise<Message> {
    const { store, names, feed, now } = this.#options;
    const checked = checkedText(text, maxTextLength, 'text', RoomErrors.INVALID_TEXT);
    const authorName = await names.nameOf(ctx, caller.tenant, caller.accountId);
    const createdMs = now();
    const author = { authorId: caller.accountId, authorName };
    const key = newId(createdMs);
    await store.append(ctx, caller.tenant, roomId, { kind: 'message', key, createdMs, text: checked, ...author });
    feed.wake();
    return { id: key, roomId, text: checked, createdMs, ...author };
  }

  async messages(ctx: Context, tenant: string, roomId: string, size: number, token: string): Promise<Page<Message>> {
    const limit = pageSizeOf(size, pageSize);
    const scope = `messages/${roomId}`;
    const before = decodePageToken(scope, token);
    await this.get(ctx, tenant, roomId);
    const found = await this.#options.store.messages(ctx, tenant, roomId, {
      limit: limit + 1,
      ...(before !== undefined && { beforeSeq: Number(before) }),
    });
    const { items, nextPageToken } = page(found, limit, (last) => encodePageToken(scope, String(last.seq)));
    return { items: items.map(({ message }) => message), nextPageToken };
  }

  /** Tells the watchers of a gift, once per key. A gift that was paid is told even if the room has closed since. */
  async publishGift(ctx: Context, tenant: string, roomId: string, key: string, gift: Gift): Promise<number> {
    if (key.length < 1 || key.length > maxKeyLength) {
      throw RoomErrors.INVALID_EVENT(`the event key has ${key.length} characters; give 1 to ${maxKeyLength}`);
    }
    const { store, feed, now } = this.#options;
    const seq = await store.append(ctx, tenant, roomId, { kind: 'gift', key, createdMs: now(), gift });
    feed.wake();
    return seq;
  }

  /**
   * The events after `afterSeq`, or from now on; with each, the room as that event left it. The first answer has no event:
   * it says that nothing that happens from now on will be missed.
   */
  async *watch(
    ctx: Context,
    tenant: string,
    roomId: string,
    afterSeq: number | undefined,
  ): AsyncIterable<{ event: RoomEvent | undefined; room: Room }> {
    let room = await this.get(ctx, tenant, roomId);
    // A number that the room has not reached would make the watcher wait for events that it has missed.
    const position = Math.min(afterSeq ?? room.lastSeq, room.lastSeq);
    yield { event: undefined, room };
    for await (const event of this.#options.feed.follow(ctx, tenant, roomId, position)) {
      if (event.kind === 'state') room = { ...room, state: event.state };
      yield { event, room };
    }
  }
}

function missing(id: string): never {
  throw RoomErrors.ROOM_NOT_FOUND(`there is no room ${JSON.stringify(id.slice(0, 40))}`);
}

function checkedText(text: string, max: number, name: string, refusal: (typeof RoomErrors)['INVALID_TITLE']): string {
  const trimmed = text.trim();
  const length = [...trimmed].length;
  if (length >= 1 && length <= max) return trimmed;
  throw refusal(`the ${name} has ${length} characters; give 1 to ${max}`);
}

function page<T>(rows: readonly T[], limit: number, tokenOf: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextPageToken: rows.length > limit && last !== undefined ? tokenOf(last) : '' };
}
