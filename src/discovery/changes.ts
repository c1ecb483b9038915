import type { Context } from '../concurrency/index.ts';

/** A count that grows, and those who wait for it to. Wakes each waiter once; holds nothing for those who left. */
export class Changes {
  #count = 0;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  get idle(): boolean {
    return this.#waiting.size === 0;
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
    while (this.#count === seen && !this.#closed && ctx.err() === undefined) await this.#woken(ctx);
    return this.#count !== seen && !this.#closed && ctx.err() === undefined;
  }

  #woken(ctx: Context): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        stop();
        this.#waiting.delete(wake);
        resolve();
      };
      const stop = ctx.onDone(wake);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
