import type { Context, Timer } from '../concurrency/index.ts';
import { sleep } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { telemetryOf } from '../observe/index.ts';
import type { Backoff } from './backoff.ts';
import { Changes } from './changes.ts';
import { KeptList } from './kept-list.ts';
import type { Snapshot } from './registry.ts';
import type { ListSource, Lists } from './registry-backend.ts';

export interface FollowOptions {
  readonly source: ListSource;
  /** For the log. */
  readonly name: string;
  readonly backoff: Backoff;
  readonly graceMs: number;
}

/**
 * A connection that lasted for so long was a good one. One that gives its lists and breaks at once, again and again, is not
 * asked for them ten times a second, and is not said to be back each time.
 */
const steadyMs = 5_000;

/** Reads a source for as long as its Context lives, whatever happens to it, and holds the newest lists for who asks. */
export class FollowedLists {
  readonly changes = new Changes();
  readonly #ctx: Context;
  readonly #options: FollowOptions;
  readonly #lists = new Map<string, KeptList>();
  readonly #snapshots = new Map<string, Snapshot>();
  #revision = 0;
  #isAway = false;
  /** Since the last lists, which makes the next ones doubtful: the store may have been restarted without its data. */
  #wasAway = false;
  #settling: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(ctx: Context, options: FollowOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  /** Whether there is an answer yet. */
  get isKnown(): boolean {
    return this.#revision > 0;
  }

  snapshot(service: string): Snapshot {
    return this.#snapshots.get(service) ?? { service, revision: this.#revision, instances: [] };
  }

  all(): readonly Snapshot[] {
    return [...this.#snapshots.values()];
  }

  /** Ends with its Context, never fails. */
  async run(): Promise<void> {
    const { source, backoff } = this.#options;
    const { clock } = this.#ctx;
    while (this.#ctx.err() === undefined) {
      let failure: unknown;
      let steady: Timer | undefined;
      try {
        for await (const lists of source.read(this.#ctx)) {
          steady ??= clock.after(steadyMs, () => {
            backoff.reset();
            this.#isBack();
          });
          if (lists !== undefined) this.#take(lists);
        }
      } catch (error) {
        failure = error;
      }
      steady?.stop();
      if (this.#ctx.err() !== undefined) break;
      if (failure !== undefined) this.#goesAway(failure);
      this.#wasAway ||= failure !== undefined;
      await sleep(this.#ctx, backoff.nextMs()).catch(() => {});
    }
    this.#settling?.timer.stop();
    this.changes.close();
  }

  #take({ services, isWhole, isCertain }: Lists): void {
    const now = this.#ctx.clock.now();
    const wasKnown = this.isKnown;
    const doubt = isCertain ? 'none' : this.#wasAway ? 'great' : 'usual';
    this.#wasAway = false;
    let changed = false;
    for (const [service, listing] of services) {
      const list = this.#lists.get(service) ?? new KeptList(this.#options.graceMs);
      this.#lists.set(service, list);
      list.take(listing, doubt, now);
      changed = this.#publish(service, list) || changed;
    }
    if (isWhole) {
      for (const [service, list] of this.#lists) {
        if (services.has(service)) continue;
        list.take({ instances: [] }, doubt, now);
        changed = this.#publish(service, list) || changed;
      }
    }
    this.#settleLater();
    if (!changed && wasKnown) return;
    if (!wasKnown) this.#revision++;
    this.changes.bump();
  }

  /** Whether the list of the service has changed. */
  #publish(service: string, list: KeptList): boolean {
    const known = this.#snapshots.get(service);
    if (known?.instances === list.current || (known === undefined && list.current.length === 0)) {
      if (list.current.length === 0) this.#lists.delete(service);
      return false;
    }
    this.#revision++;
    if (list.current.length > 0) {
      this.#snapshots.set(service, { service, revision: this.#revision, instances: list.current });
    } else {
      this.#snapshots.delete(service);
      this.#lists.delete(service);
    }
    return true;
  }

  #settleLater(): void {
    let at: number | undefined;
    for (const { settlesAt } of this.#lists.values()) {
      if (settlesAt !== undefined) at = Math.min(at ?? settlesAt, settlesAt);
    }
    if (at === this.#settling?.at) return;
    this.#settling?.timer.stop();
    this.#settling = at === undefined ? undefined : { at, timer: this.#ctx.clock.at(at, () => this.#settle()) };
  }

  #settle(): void {
    this.#settling = undefined;
    if (this.#ctx.err() !== undefined) return;
    const now = this.#ctx.clock.now();
    let changed = false;
    for (const [service, list] of this.#lists) {
      list.settle(now);
      changed = this.#publish(service, list) || changed;
    }
    this.#settleLater();
    if (changed) this.changes.bump();
  }

  /** Said once each time, not with each try. */
  #goesAway(error: unknown): void {
    if (this.#isAway) return;
    this.#isAway = true;
    const { code, message } = errors.from(error);
    const what = this.isKnown ? 'the last lists stay in use' : 'there is no list yet';
    telemetryOf(this.#ctx).log.warn(this.#ctx, `${this.#options.name} cannot be read; ${what}`, {
      code,
      error: message,
    });
  }

  #isBack(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    telemetryOf(this.#ctx).log.info(this.#ctx, `${this.#options.name} can be read again`);
  }
}
