import { encodeMessage, PreparedMessage } from './prepared-message.ts';
import type { Message, WebSocketConnection } from './websocket-connection.ts';

/** What became of a broadcast. */
export interface BroadcastResult {
  readonly sent: number;
  /** Members that had no room, or were not open any more. */
  readonly missed: number;
}

/**
 * Sends a message to all members: it is encoded once, compressed at most once, and the same bytes go to each. It never waits. A member
 * without room for it misses it; under `whenSlow: 'disconnect'` it is cut. Everything that is broadcast in a tick leaves each
 * connection in one system call, which is most of what a delivery costs (about 8 µs).
 */
export function broadcast(members: Iterable<WebSocketConnection>, message: Message | PreparedMessage): BroadcastResult {
  const prepared = message instanceof PreparedMessage ? message : encodeMessage(message);
  let sent = 0;
  let missed = 0;
  for (const member of members) {
    if (member.trySend(prepared)) sent++;
    else missed++;
  }
  return { sent, missed };
}

/** Connections that get the same messages. It holds a member until the membership is disposed of. */
export class Room implements Iterable<WebSocketConnection> {
  readonly #members = new Set<WebSocketConnection>();

  get size(): number {
    return this.#members.size;
  }

  /** `using membership = room.join(ws)` leaves at the end of the block. A connection that joins twice is there once. */
  join(ws: WebSocketConnection): Disposable {
    this.#members.add(ws);
    return { [Symbol.dispose]: () => void this.#members.delete(ws) };
  }

  /** As {@link broadcast}, to all members of now. */
  broadcast(message: Message | PreparedMessage): BroadcastResult {
    return broadcast(this.#members, message);
  }

  [Symbol.iterator](): IterableIterator<WebSocketConnection> {
    return this.#members.values();
  }
}
