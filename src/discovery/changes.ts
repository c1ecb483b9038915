import { type Context, chan } from '../concurrency/index.ts';

/** A count that grows, and those who wait for it to. Wakes each waiter once; holds nothing for those who left. */
export class Changes {
  #count = 0;
  #closed = false;
  /** Closed with the next change, which tells all who wait. */
  #next = chan<never>();

  get count(): number {
    return this.#count;
  }

  bump(): void {
    this.#count++;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** True once something has changed since `seen`; false if `ctx` or this ended first. */
  async after(ctx: Context, seen: number): Promise<boolean> {
    try {
      while (this.#count === seen && !this.#closed) await this.#next.recv(ctx);
      return !this.#closed && ctx.err() === undefined;
    } catch {
      return false;
    }
  }

  #wake(): void {
    this.#next.close();
    this.#next = chan();
  }
}
