import { type Context, contextKey, type Stop } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import type { GuardSettings } from './guard-config.ts';

export type GuardSection = keyof GuardSettings;

/**
 * The settings of all guards of an app, which may change while it runs: `app({ guard })` gives it to the servers, and
 * through the Context of their calls to clients. It keeps no guard alive that has stopped following.
 */
export interface LiveGuard {
  /** What differs from the code now. */
  readonly settings: GuardSettings;
  /**
   * Calls `apply` at once, if the section says anything, and then with each change of it; `{}` where it says nothing any
   * more. What the section does not say is as the code has it: `core.configure({ ...own, ...settings })`. The function that
   * it returns ends that.
   *
   * Throws what the first `apply` throws, and does not follow then. With `onRefused` that is told instead, and the section
   * is followed all the same, for what it says next may be right: for those that begin with a call, which has no part in it.
   */
  follow<S extends GuardSection>(
    section: S,
    apply: (settings: NonNullable<GuardSettings[S]>) => void,
    onRefused?: (error: unknown) => void,
  ): Stop;
  /**
   * Takes these settings in place of the present ones. All that follow are told, also when some of them refuse: those keep
   * what they have, and this throws `invalid_argument` INVALID_GUARD_SETTINGS that says what each of them refused.
   */
  configure(next: GuardSettings): void;
}

export function liveGuard(settings: GuardSettings = {}): LiveGuard {
  return new Settings(settings);
}

interface Follower {
  readonly section: GuardSection;
  readonly apply: (settings: never) => void;
}

const nothing = Object.freeze({});

class Settings implements LiveGuard {
  settings: GuardSettings;
  readonly #followers = new Set<Follower>();

  constructor(settings: GuardSettings) {
    this.settings = settings;
  }

  follow<S extends GuardSection>(
    section: S,
    apply: (settings: NonNullable<GuardSettings[S]>) => void,
    onRefused?: (error: unknown) => void,
  ): Stop {
    const follower: Follower = { section, apply };
    const settings = this.settings[section];
    try {
      if (settings !== undefined) apply(settings);
    } catch (error) {
      if (onRefused === undefined) throw error;
      onRefused(error);
    }
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  configure(next: GuardSettings): void {
    const previous = this.settings;
    this.settings = next;
    const refused: string[] = [];
    for (const { section, apply } of this.#followers) {
      const settings = next[section] ?? nothing;
      if (JSON.stringify(settings) === JSON.stringify(previous[section] ?? nothing)) continue;
      try {
        apply(settings as never);
      } catch (error) {
        refused.push(`guard.${section}: ${errors.from(error).message}`);
      }
    }
    if (refused.length === 0) return;
    // Ten servers refuse alike.
    throw new errors.StatusError('invalid_argument', [...new Set(refused)].join('; '), {
      reason: 'INVALID_GUARD_SETTINGS',
    });
  }
}

const guardKey = contextKey<LiveGuard | undefined>('service.guard', undefined);

/** The settings of the app that this Context belongs to; outside of one undefined: nothing changes there. */
export function guardSettingsOf(ctx: Context): LiveGuard | undefined {
  return ctx.value(guardKey);
}

/** A Context below `ctx` from which {@link guardSettingsOf} finds these settings. */
export function withGuardSettings(ctx: Context, guard: LiveGuard): Context {
  return ctx.withValue(guardKey, guard);
}
