import type { Context } from '../../concurrency/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import type { NamedKnobs } from './guard-config.ts';
import { guardSettingsOf, type LiveGuard } from './live-guard.ts';

/** A core that the configuration knows by its name. */
export interface Named {
  readonly name: string;
  readonly settings: object;
  configure(change: object): void;
}

/**
 * Keeps a core as the app's configuration has it, from the first call on that comes with one; what that does not say is as
 * in the code.
 */
export class Followed {
  readonly #section: 'limits' | 'isolation';
  readonly #core: Named;
  /** As in the code. */
  readonly #own: object;
  #known: LiveGuard | undefined;

  constructor(section: 'limits' | 'isolation', core: Named) {
    this.#section = section;
    this.#core = core;
    this.#own = core.settings;
  }

  look(ctx: Context): void {
    const live = guardSettingsOf(ctx);
    if (live === undefined || live === this.#known) return;
    this.#known = live;
    try {
      live.follow(this.#section, (named) => this.#apply(named));
    } catch (error) {
      // The call is not to blame.
      const message = `guard.${this.#section}.${this.#core.name} is as in the code: its configuration is wrong`;
      telemetryOf(ctx).log.error(ctx, message, { error });
    }
  }

  #apply(named: NamedKnobs): void {
    const { name } = this.#core;
    const change = named[name] ?? {};
    for (const key of Object.keys(change)) {
      if (key in this.#own) continue;
      throw new RangeError(`${name} has no "${key}"; it has ${Object.keys(this.#own).join(', ')}`);
    }
    this.#core.configure({ ...this.#own, ...change });
  }
}
