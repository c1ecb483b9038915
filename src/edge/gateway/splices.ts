import type { Socket } from 'node:net';
import { type Context, sleep } from '../../concurrency/index.ts';

/** A pair that carried nothing for so long is taken for idle. */
const quietMs = 250;
const maxQuietLooks = 8;

/** Pairs of connections, each of which is passed on to the other until either ends. */
export class Splices {
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  /** Takes both over. `head` is what was read of the first one already. */
  join(from: Socket, to: Socket, head: Uint8Array | null): void {
    const pair = [from, to] as const;
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      // What came before the end is still to be delivered.
      for (const socket of pair) socket.destroySoon();
    };
    for (const socket of pair) socket.on('error', ignore).on('close', end);
    if (from.destroyed || to.destroyed) {
      end();
      return;
    }
    if (head !== null) to.write(head);
    from.pipe(to);
    to.pipe(from);
  }

  /** Ends each pair once it is idle, and the others after two seconds. */
  async drain(ctx: Context): Promise<void> {
    for (let look = 0; look < maxQuietLooks && this.#pairs.size > 0; look++) {
      const before = new Map([...this.#pairs].map((pair) => [pair, carried(pair)]));
      await sleep(ctx, quietMs);
      for (const [pair, bytes] of before) if (carried(pair) === bytes) pair[0].destroy();
      await new Promise(setImmediate);
    }
    for (const [from] of this.#pairs) from.destroy();
  }
}

/** The close that follows is enough. */
const ignore = () => {};

function carried([from, to]: readonly [Socket, Socket]): number {
  return from.bytesRead + to.bytesRead;
}
