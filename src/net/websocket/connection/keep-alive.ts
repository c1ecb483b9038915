import type { Clock } from '../../../concurrency/index.ts';
import { Rounds } from './rounds.ts';
import type { Settings } from './settings.ts';

/** A connection whose times are kept. What happens in between sets a flag of its own, and touches no timer. */
export interface TimedConnection {
  /** Something came since it was looked at. */
  isHeard: boolean;
  /** A message went either way since it was looked at. */
  isUsed: boolean;
  /** It was sent a ping and nothing has come yet. */
  isPinged: boolean;
  sendPing(): void;
  /** Nothing came after a ping. */
  lost(): void;
  /** No message for too long. */
  idle(): void;
  /** The peer had its time to close. */
  expired(): void;
  /** Whether things move that it does not hear: it does not read now, or the peer goes on taking what was sent. */
  isMovingUnseen(): boolean;
}

/**
 * The times of all connections with the same settings.
 *
 * ```
 *          every pingIntervalMs: something came
 *           ┌──────┐
 *           ▼      │  nothing came                pongTimeoutMs, nothing came
 *        watching ─┴────────────────▶ pinged ──────────────────────────────────▶ lost
 *           ▲                            │
 *           └────────────────────────────┘ something came
 * ```
 */
export interface KeepAlive<T extends TimedConnection> {
  /** It is open. */
  watch(connection: T): void;
  /** From now on only the time counts that the peer has to close. Again: it counts anew. */
  closing(connection: T): void;
  /** It is over. */
  forget(connection: T): void;
}

export function keepAlive<T extends TimedConnection>(clock: Clock, settings: Settings): KeepAlive<T> {
  const { pingIntervalMs, pongTimeoutMs, idleTimeoutMs, closeTimeoutMs } = settings;
  const pings = new Rounds<T>(clock, pingIntervalMs, (connection) => {
    if (hasMoved(connection) || connection.isPinged) return;
    connection.isPinged = true;
    pongs.add(connection);
    connection.sendPing();
  });
  const pongs = new Rounds<T>(clock, pongTimeoutMs, (connection) => {
    pongs.delete(connection);
    connection.isPinged = false;
    if (!hasMoved(connection)) connection.lost();
  });
  const idles = new Rounds<T>(clock, idleTimeoutMs, (connection) => {
    if (!connection.isUsed) connection.idle();
    connection.isUsed = false;
  });
  const closes = new Rounds<T>(clock, closeTimeoutMs, (connection) => {
    closes.delete(connection);
    connection.expired();
  });
  const unwatch = (connection: T) => {
    if (pingIntervalMs > 0) pings.delete(connection);
    if (connection.isPinged) pongs.delete(connection);
    if (idleTimeoutMs > 0) idles.delete(connection);
  };
  return {
    watch(connection) {
      if (pingIntervalMs > 0) pings.add(connection);
      if (idleTimeoutMs > 0) idles.add(connection);
    },
    closing(connection) {
      unwatch(connection);
      closes.delete(connection);
      closes.add(connection);
    },
    forget(connection) {
      unwatch(connection);
      closes.delete(connection);
    },
  };
}

/** Whether anything came, or would have, since this was asked last. */
function hasMoved(connection: TimedConnection): boolean {
  const isMoving = connection.isMovingUnseen();
  if (!connection.isHeard && !isMoving) return false;
  connection.isHeard = false;
  return true;
}
