import type { Context } from '../../concurrency/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import type { NamedKnobs } from './guard-config.ts';
import { guardSettingsOf } from './live-guard.ts';

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
  /** One app is enough: a core that several of them share cannot be as each of them says. */
  #follows = false;

  constructor(section: 'limits' | 'isolation', core: Named) {
    this.#section = section;
    this.#core = core;
    this.#own = core.settings;
  }

  look(ctx: Context): void {
    if (this.#follows) return;
    const live = guardSettingsOf(ctx);
    if (live === undefined) return;
    this.#follows = true;
    live.follow(
      this.#section,
      (named) => this.#apply(named),
      (error) => {
        const message = `guard.${this.#section}.${this.#core.name} is as in the code: its configuration is wrong`;
        telemetryOf(ctx).log.error(ctx, message, { error });
      },
    );
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
