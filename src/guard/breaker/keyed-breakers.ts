import { checkRange } from '../check-option.ts';
import type { Breaker } from './breaker.ts';

export interface KeyedBreakersOptions {
  /** Breakers that are kept; the one that was asked for the longest time ago makes room. Default: 1,000. */
  readonly maxKeys?: number;
}

/** One breaker per key: a method, a node. */
export interface KeyedBreakers<B extends Breaker = Breaker> {
  /** The breaker of this key, made when it is asked for the first time. */
  of(key: string): B;
  /** Those that are known, the one asked for longest ago first. */
  entries(): IterableIterator<[string, B]>;
}

/** Bounded: a forgotten breaker starts afresh when its key comes back, and tickets that it gave remain good. */
export function keyedBreakers<B extends Breaker>(
  make: (key: string) => B,
  options: KeyedBreakersOptions = {},
): KeyedBreakers<B> {
  const { maxKeys = 1_000 } = options;
  checkRange('keyedBreakers', 'maxKeys', maxKeys, 1, 1_000_000);
  const known = new Map<string, B>();
  let newest: string | undefined;
  return {
    of(key) {
      let breaker = known.get(key);
      if (breaker !== undefined && key === newest) return breaker;
      if (breaker === undefined) {
        breaker = make(key);
        if (known.size >= maxKeys)
          for (const oldest of known.keys()) {
            known.delete(oldest);
            break;
          }
      } else known.delete(key);
      known.set(key, breaker);
      newest = key;
      return breaker;
    },
    entries: () => known.entries(),
  };
}
