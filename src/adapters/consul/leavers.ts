import { type Context, sleep, type Timer, until } from '../../concurrency/index.ts';

/** How long each stays at the least, also when the process ends: until those who watch all services have asked again. */
const leastMs = 700;
/** A deregistration that has no more time than this is left to Consul, which forgets who is critical after a minute. */
const takingMs = 3_000;

interface Leaver {
  readonly timer: Timer;
  readonly leastAt: number;
  readonly takeOut: (ctx: Context) => Promise<void>;
}

/**
 * Those that said good-bye and are still listed as having left, so that watchers see more than that they are missing. They are
 * taken out after a while, or when this is closed. Of one id the last counts.
 */
export class Leavers {
  readonly #ctx: Context;
  readonly #farewellMs: number;
  readonly #waiting = new Map<string, Leaver>();
  readonly #leaving = new Set<Promise<void>>();

  constructor(ctx: Context, farewellMs: number) {
    this.#ctx = ctx;
    this.#farewellMs = farewellMs;
  }

  add(id: string, takeOut: (ctx: Context) => Promise<void>): void {
    this.#waiting.get(id)?.timer.stop();
    const { clock } = this.#ctx;
    const timer = clock.after(this.#farewellMs, () => this.#take(this.#ctx.withoutCancel(), id));
    this.#waiting.set(id, { timer, takeOut, leastAt: clock.now() + Math.min(this.#farewellMs, leastMs) });
  }

  /** Takes out who is left. Does not fail. */
  async close(ctx: Context): Promise<void> {
    const { clock } = this.#ctx;
    const last = Math.max(...[...this.#waiting.values()].map(({ leastAt }) => leastAt));
    if (last > clock.now()) await sleep(ctx, last - clock.now()).catch(() => {});
    for (const id of [...this.#waiting.keys()]) this.#take(ctx, id);
    await until(ctx, Promise.all(this.#leaving)).catch(() => {});
  }

  #take(ctx: Context, id: string): void {
    const leaver = this.#waiting.get(id);
    if (leaver === undefined) return;
    this.#waiting.delete(id);
    leaver.timer.stop();
    const taking = takenOut(ctx, leaver).finally(() => this.#leaving.delete(taking));
    this.#leaving.add(taking);
  }
}

async function takenOut(parent: Context, { takeOut }: Leaver): Promise<void> {
  using ctx = parent.withTimeout(takingMs);
  await takeOut(ctx).catch(() => {});
}
