import type { Router } from './router.ts';

/**
 * Adds routes, and what they need, to a router of its own: a group that only this plugin sees. What it says there with `use` and
 * `decorate` holds for its own routes and groups, never outside. Runs once, when it is registered, and must not be async: wait for
 * what it needs before, and pass that as an option.
 */
export type Plugin<O = undefined> = (router: Router, options: O) => void;

export interface RegisterOptions {
  /** Before all of the plugin's paths: `/admin`. Default: none. */
  readonly prefix?: string;
  /** Whether the same plugin may be registered here again, which is mostly a mistake. Default: false. */
  readonly isRepeatable?: boolean;
}

/** The name of something that a router has for its routes and groups: see `Router.decorate`. Made by `decoration()`. */
export interface Decoration<T> {
  readonly name: string;
  /** Only a type: never set. */
  readonly value?: T;
}

/** A new decoration, different from any other, whatever its name. */
export function decoration<T>(name: string): Decoration<T> {
  return { name };
}
