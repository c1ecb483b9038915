import type { MuxStream } from './mux-stream.ts';

/** How far the windows that one side of a connection gives may grow. */
export interface GrowthLimits {
  /** Bytes of a stream's window. Not above its first size: none grows. */
  readonly maxStreamWindow: number;
  /** Bytes by which all streams of the connection together may have grown; the connection's own window has room for them. */
  readonly maxGrowth: number;
}

/** No window grows. */
export const noGrowth: GrowthLimits = { maxStreamWindow: 0, maxGrowth: 0 };

/** A window that limits its stream is read within one round trip to two, for it is given back by halves. One more is for what is measured. */
const trips = 3;
/** While windows grow, the round trip is measured as often as this. */
const measureEveryMs = 1_000;

/**
 * Lets the window of a stream grow while that is what limits it: it is doubled when as much was read within three round trips,
 * from one moment at which nothing waited for the reader to another. One that reads less than a window in that time, bit by bit
 * or all at once, keeps the window that it has. Pure: times come in, in milliseconds.
 */
export class WindowGrowth {
  readonly #first: number;
  readonly #limits: GrowthLimits;
  /** What streams may still grow by. */
  #left: number;
  /** The shortest that was measured: longer ones are those of a side that was busy, or of what was queued. 0: unknown. */
  #roundTripMs = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  /** `first`: what each stream has at first. */
  constructor(first: number, limits: GrowthLimits) {
    this.#first = first;
    this.#limits = limits;
    this.#left = limits.maxGrowth;
  }

  /** The size of the stream's window. */
  sizeOf({ pace }: MuxStream): number {
    return pace === undefined ? this.#first : pace.window;
  }

  /** So much of the stream was read, and is given back. */
  given(stream: MuxStream, bytes: number): void {
    if (this.#limits.maxStreamWindow <= this.#first) return;
    stream.pace ??= new ReaderPace(this.#first);
    stream.pace.read += bytes;
    stream.pace.isDue = true;
  }

  /** To be asked when nothing waits for the reader, and `isDue`: by how much the window grows. */
  grow(stream: MuxStream, now: number): number {
    const pace = stream.pace!;
    pace.isDue = false;
    const { window, since } = pace;
    const all = pace.read + stream.uncredited;
    const read = all - pace.readBefore;
    const isFast = (now - since) * window <= trips * this.#roundTripMs * Math.max(read, window);
    if (isFast && read < window) return 0;
    pace.readBefore = all;
    pace.since = now;
    if (!isFast) return 0;
    const more = Math.min(window, this.#limits.maxStreamWindow - window, this.#left);
    pace.window += more;
    this.#left -= more;
    return more;
  }

  /** Nothing of the stream comes any more, and nothing waits: others may grow. */
  end(stream: MuxStream): void {
    if (stream.pace === undefined) return;
    this.#left += stream.pace.window - this.#first;
    stream.pace = undefined;
  }

  /** Whether a ping is to measure the round trip now. */
  asks(stream: MuxStream, now: number): boolean {
    if (this.#isAsking || this.#left === 0 || now - this.#askedAt < measureEveryMs) return false;
    if (this.sizeOf(stream) >= this.#limits.maxStreamWindow) return false;
    this.#isAsking = true;
    this.#askedAt = now;
    return true;
  }

  /** The answer to that ping; one that nobody asked for does nothing. */
  answered(now: number): void {
    if (!this.#isAsking) return;
    this.#isAsking = false;
    const ms = now - this.#askedAt;
    this.#roundTripMs = this.#roundTripMs === 0 ? ms : Math.min(this.#roundTripMs, ms);
  }
}

/** How fast a stream is read. */
export class ReaderPace {
  window: number;
  /** Bytes that were given back. */
  read = 0;
  /** Of the moment from which on is measured, at which nothing waited: what had been read, and when that was. */
  readBefore = 0;
  since = Number.NEGATIVE_INFINITY;
  /** Something was given back since the window was looked at. */
  isDue = false;

  constructor(window: number) {
    this.window = window;
  }
}
