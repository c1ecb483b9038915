/** The times of {@link ConnectionOptions} that are watched here; 0: no limit. */
export interface WatchedTimes {
  readonly idleTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly lingerMs: number;
}

/** What a connection is doing at the moment of a check. */
export interface Moment {
  readonly now: number;
  /** Somebody waits for the peer to send. */
  readonly isAwaited: boolean;
  /** Of a message that has begun; 0 where the peer is not asked for more. */
  readonly partialBytes: number;
  /** Written, and not yet taken by the kernel. */
  readonly pendingBytes: number;
  /** Taken by the kernel so far. */
  readonly takenBytes: number;
}

export type Overdue = 'idle' | 'read' | 'write' | 'linger';

/** A peer that takes a large message slowly gets the time once more for each of these. */
const bytesPerTimeout = 1 << 20;
/** How often a connection that closes is asked whether the peer has taken everything. */
const leastLookMs = 100;

/**
 * Which of a connection's times has run out. Pure: events only store a number, and whoever holds the one timer of the
 * connection asks now and then what is overdue or when to ask again.
 */
export class ConnectionTimeouts {
  readonly times: WatchedTimes;
  /** When something last came or was written. */
  activeAt: number;
  /** Since when a message has been incomplete; -1: none is. */
  frameSince: number;
  /** How many bytes the kernel had taken at `takenAt`. */
  taken: number;
  takenAt: number;
  /** Since when everything has been said; -1: it has not. */
  lingerSince: number;

  constructor(times: WatchedTimes, now: number) {
    this.times = times;
    this.activeAt = now;
    this.frameSince = -1;
    this.taken = 0;
    this.takenAt = now;
    this.lingerSince = -1;
  }

  /** Something was written; nothing waited before, and then the kernel has taken `taken` bytes so far. Answers when the next check is due. */
  wroteFirst(now: number, taken: number): number {
    this.activeAt = now;
    this.taken = taken;
    this.takenAt = now;
    return this.times.writeTimeoutMs === 0 ? Number.POSITIVE_INFINITY : now + this.times.writeTimeoutMs;
  }

  /** All that came is decoded and more is wanted. Answers when the next check is due. */
  ranDry(partialBytes: number): number {
    const { readTimeoutMs } = this.times;
    if (partialBytes === 0) {
      this.frameSince = -1;
      return Number.POSITIVE_INFINITY;
    }
    if (this.frameSince < 0) this.frameSince = this.activeAt;
    return readTimeoutMs === 0 ? Number.POSITIVE_INFINITY : this.frameSince + readTimeoutMs;
  }

  /** What is overdue, or when to check again; Infinity: only after something has happened. */
  check(moment: Moment): Overdue | number {
    const written = this.#checkWritten(moment);
    if (typeof written === 'string') return written;
    const rest = this.lingerSince >= 0 ? this.#checkLinger(moment) : this.#checkRead(moment);
    return typeof rest === 'string' ? rest : Math.min(written, rest);
  }

  #checkWritten({ now, pendingBytes, takenBytes }: Moment): 'write' | number {
    const { writeTimeoutMs } = this.times;
    if (pendingBytes === 0 || writeTimeoutMs === 0) return Number.POSITIVE_INFINITY;
    if (takenBytes > this.taken) {
      this.taken = takenBytes;
      this.takenAt = now;
    }
    const due = this.takenAt + writeTimeoutMs * (1 + Math.floor(pendingBytes / bytesPerTimeout));
    return now >= due ? 'write' : due;
  }

  #checkLinger({ now, pendingBytes }: Moment): 'linger' | number {
    const { lingerMs } = this.times;
    if (pendingBytes > 0) {
      this.lingerSince = now;
      return now + Math.max(lingerMs, leastLookMs);
    }
    const due = this.lingerSince + lingerMs;
    return now >= due ? 'linger' : due;
  }

  #checkRead({ now, isAwaited, partialBytes }: Moment): 'idle' | 'read' | number {
    const { idleTimeoutMs, readTimeoutMs } = this.times;
    let due = Number.POSITIVE_INFINITY;
    if (partialBytes > 0 && readTimeoutMs > 0) {
      due = this.frameSince + readTimeoutMs;
      if (now >= due) return 'read';
    }
    if (idleTimeoutMs === 0) return due;
    // What the peer is not asked for cannot be overdue.
    const idleDue = (isAwaited ? this.activeAt : now) + idleTimeoutMs;
    return now >= idleDue ? 'idle' : Math.min(due, idleDue);
  }
}
