import type { Clock, Timer } from '../../../concurrency/index.ts';
import type { Settings } from './settings.ts';

/** What the times of a connection lead to. */
export interface TimedConnection {
  sendPing(): void;
  /** Nothing came after a ping. */
  lost(): void;
  /** No message for too long. */
  idle(): void;
  /** The peer had its time to close. */
  expired(): void;
  /** Whether bytes may be coming that nobody sees: we do not read, or what the peer takes of ours keeps moving. */
  isMovingUnseen(): boolean;
}

/**
 * All the times of a connection on one timer. What happens in between sets a flag and touches no timer: when the timer
 * fires it looks what happened, and goes on from there. So a busy connection costs one timer per interval, and a silence is noticed
 * between one interval and two.
 *
 * ```
 *            pingIntervalMs, something came
 *           ┌──────┐
 *           ▼      │  nothing came                pongTimeoutMs, nothing came
 *        watching ─┴────────────────▶ pinged ──────────────────────────────────▶ lost
 *           ▲                            │
 *           └────────────────────────────┘ something came
 * ```
 */
export class KeepAlive {
  /** Something came. */
  declare isHeard: boolean;
  /** A message went either way. */
  declare isUsed: boolean;
  declare private readonly clock: Clock;
  declare private readonly settings: Settings;
  declare private readonly connection: TimedConnection;
  declare private pingAt: number;
  declare private idleAt: number;
  declare private isPinged: boolean;
  declare private timer: Timer | undefined;

  constructor(clock: Clock, settings: Settings, connection: TimedConnection) {
    const { pingIntervalMs, idleTimeoutMs } = settings;
    this.isHeard = false;
    this.isUsed = false;
    this.clock = clock;
    this.settings = settings;
    this.connection = connection;
    const now = pingIntervalMs > 0 || idleTimeoutMs > 0 ? clock.now() : 0;
    this.pingAt = pingIntervalMs > 0 ? now + pingIntervalMs : Number.POSITIVE_INFINITY;
    this.idleAt = idleTimeoutMs > 0 ? now + idleTimeoutMs : Number.POSITIVE_INFINITY;
    this.isPinged = false;
    this.timer = undefined;
    this.arm();
  }

  /** From now on only the peer's time to close counts. */
  closeSoon(): void {
    this.stop();
    this.timer = this.clock.after(this.settings.closeTimeoutMs, () => this.connection.expired());
  }

  stop(): void {
    this.timer?.stop();
    this.timer = undefined;
  }

  private arm(): void {
    const next = Math.min(this.pingAt, this.idleAt);
    this.timer = next === Number.POSITIVE_INFINITY ? undefined : this.clock.at(next, () => this.fire());
  }

  private fire(): void {
    this.timer = undefined;
    const now = this.clock.now();
    if (now >= this.idleAt) {
      if (!this.isUsed) {
        this.connection.idle();
        return;
      }
      this.isUsed = false;
      this.idleAt = now + this.settings.idleTimeoutMs;
    }
    if (now >= this.pingAt && !this.checkPeer(now)) return;
    this.arm();
  }

  /** False: it is lost. */
  private checkPeer(now: number): boolean {
    const { pingIntervalMs, pongTimeoutMs } = this.settings;
    if (this.isHeard || this.connection.isMovingUnseen()) {
      this.isHeard = false;
      this.isPinged = false;
      this.pingAt = now + pingIntervalMs;
      return true;
    }
    if (this.isPinged) {
      this.connection.lost();
      return false;
    }
    this.isPinged = true;
    this.pingAt = now + pongTimeoutMs;
    this.connection.sendPing();
    return true;
  }
}
