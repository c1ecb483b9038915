import {
  after,
  all,
  background,
  type Chan,
  type Context,
  chan,
  go,
  type OwnedTask,
  recv,
  select,
} from 'flotilla/concurrency';
import { type EventFeed, RoomErrors, type RoomEvent } from './domain.ts';
import { roomKey } from './store.ts';

/** What the feed reads. */
export interface FeedSource {
  lastSeqs(ctx: Context, rooms: readonly { tenant: string; roomId: string }[]): Promise<Map<string, number>>;
  eventsAfter(ctx: Context, tenant: string, roomId: string, afterSeq: number, limit: number): Promise<RoomEvent[]>;
}

export interface PollingFeedOptions {
  readonly source: FeedSource;
  /** How often the table is looked at while anybody watches: how late the other replica's events are. Default: 150. */
  readonly pollMs?: number;
  /** Most watchers of this process. Default: 10,000. */
  readonly maxWatchers?: number;
  /** Told of a look that failed; the next one comes as if nothing had happened. */
  readonly onError: (error: unknown) => void;
}

interface WatchedRoom {
  readonly tenant: string;
  readonly roomId: string;
  /** The newest events, oldest first, without gaps; the last one has the number `seq`. */
  readonly recent: RoomEvent[];
  seq: number;
  watchers: number;
  /** Closed with the next event, which tells the watchers that have read everything. */
  news: Chan<never>;
}

/** Events that are kept for watchers to share; who is further behind reads from the table. */
const maxRecent = 256;
const pageSize = 200;
const roomsPerLook = 200;
const lookTimeoutMs = 5_000;

/**
 * Follows rooms by looking at the table, which all replicas write: one look per interval for all rooms that are watched
 * here, and one read per new batch of events, however many watch. A watcher has a position and no queue, so a slow one
 * costs nothing. Nobody watches: nobody looks.
 */
export class PollingFeed implements EventFeed {
  readonly #source: FeedSource;
  readonly #pollMs: number;
  readonly #maxWatchers: number;
  readonly #onError: (error: unknown) => void;
  readonly #rooms = new Map<string, WatchedRoom>();
  readonly #life = background().withCancel();
  readonly #bell = chan<true>(1);
  #watchers = 0;
  #looking: OwnedTask<void> | undefined;

  constructor({ source, pollMs = 150, maxWatchers = 10_000, onError }: PollingFeedOptions) {
    this.#source = source;
    this.#pollMs = pollMs;
    this.#maxWatchers = maxWatchers;
    this.#onError = onError;
  }

  async *follow(ctx: Context, tenant: string, roomId: string, afterSeq: number): AsyncIterable<RoomEvent> {
    const room = this.#enter(tenant, roomId, afterSeq);
    try {
      let position = afterSeq;
      for (;;) {
        ctx.throwIfDone();
        const events =
          recentAfter(room, position) ?? (await this.#source.eventsAfter(ctx, tenant, roomId, position, pageSize));
        for (const event of events) {
          yield event;
          position = event.seq;
        }
        if (events.length === 0 && room.seq <= position) await room.news.recv(ctx);
      }
    } finally {
      this.#leave(room);
    }
  }

  wake(): void {
    this.#bell.trySend(true);
  }

  /** Ends the look; watchers end with their own Contexts. */
  async close(): Promise<void> {
    this.#life.cancel();
    await this.#looking?.stop();
  }

  #enter(tenant: string, roomId: string, afterSeq: number): WatchedRoom {
    if (this.#watchers >= this.#maxWatchers) {
      throw RoomErrors.TOO_MANY_WATCHERS(`${this.#maxWatchers} watch already; try again in a moment`);
    }
    const key = roomKey(tenant, roomId);
    let room = this.#rooms.get(key);
    if (room === undefined) {
      room = { tenant, roomId, recent: [], seq: afterSeq, watchers: 0, news: chan() };
      this.#rooms.set(key, room);
    }
    room.watchers++;
    this.#watchers++;
    this.#looking ??= go(this.#life, (ctx) => this.#look(ctx));
    return room;
  }

  #leave(room: WatchedRoom): void {
    this.#watchers--;
    if (--room.watchers === 0) this.#rooms.delete(roomKey(room.tenant, room.roomId));
  }

  async #look(ctx: Context): Promise<void> {
    while (this.#rooms.size > 0) {
      try {
        await this.#lookOnce(ctx);
      } catch (error) {
        ctx.throwIfDone();
        this.#onError(error);
      }
      await select(ctx, { pause: after(ctx, this.#pollMs), woken: recv(this.#bell) });
    }
    // In the same breath as the last look at the rooms: who enters from now on starts another one.
    this.#looking = undefined;
  }

  async #lookOnce(life: Context): Promise<void> {
    using ctx = life.withTimeout(lookTimeoutMs);
    const rooms = [...this.#rooms.values()];
    for (let i = 0; i < rooms.length; i += roomsPerLook) {
      const some = rooms.slice(i, i + roomsPerLook);
      const seqs = await this.#source.lastSeqs(ctx, some);
      const behind = some.filter((room) => (seqs.get(roomKey(room.tenant, room.roomId)) ?? 0) > room.seq);
      await all(
        ctx,
        behind.map((room) => (ctx) => this.#load(ctx, room)),
      );
    }
  }

  async #load(ctx: Context, room: WatchedRoom): Promise<void> {
    for (let more = true; more; ) {
      const events = await this.#source.eventsAfter(ctx, room.tenant, room.roomId, room.seq, pageSize);
      const last = events.at(-1);
      if (last === undefined) return;
      room.recent.push(...events);
      room.recent.splice(0, room.recent.length - maxRecent);
      room.seq = last.seq;
      room.news.close();
      room.news = chan();
      more = events.length === pageSize;
    }
  }
}

/** The kept events after a position; undefined where they begin later, so that the table has to be asked. */
function recentAfter(room: WatchedRoom, position: number): readonly RoomEvent[] | undefined {
  if (position >= room.seq) return [];
  const first = room.recent[0];
  if (first === undefined || first.seq > position + 1) return undefined;
  return room.recent.slice(position + 1 - first.seq);
}
