import { refuseUnsafePattern } from './safe-pattern.ts';

/**
 * Which values a parameter of a path may have. A value that it does not accept is no error: the next route that fits is tried, and
 * without one the answer is 404. Made by `int()`, `uuid()`, `oneOf()`, `slug()`, `pattern()`, or by hand.
 */
export interface PathConstraint {
  /** What it is. Two constraints with one name are taken for the same: their routes share a place, or conflict. */
  readonly name: string;
  /**
   * Called while a route is looked for, with the value percent-decoded: be quick, keep no state, do not throw. The value is
   * a stranger's and may be as long as a request line.
   */
  accepts(value: string): boolean;
}

/** What the parameters of a path are held to, by name. */
export type PathConstraints = Readonly<Record<string, PathConstraint | undefined>>;

/** The constraint for a name, which may be one that every object has (`constructor`). */
export function constraintFor(constraints: PathConstraints, name: string): PathConstraint | undefined {
  return Object.hasOwn(constraints, name) ? constraints[name] : undefined;
}

export interface IntOptions {
  /** Default: 0. */
  readonly min?: number;
  /** Default: the largest that a number can hold exactly, 2^53 - 1. */
  readonly max?: number;
}

/** A whole number as one writes it: no leading zeros, no plus sign. Throws a RangeError for bounds that are not whole numbers. */
export function int(options: IntOptions = {}): PathConstraint {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max) {
    throw new RangeError(`int: ${min} to ${max} is not a range of whole numbers`);
  }
  return {
    name: `int ${min} to ${max}`,
    accepts: (value) => {
      if (value.length > 17 || !/^(?:0|-?[1-9]\d*)$/.test(value)) return false;
      const number = Number(value);
      return number >= min && number <= max;
    },
  };
}

/** A UUID in its usual form (RFC 9562, section 4), of any version, in either case. */
export function uuid(): PathConstraint {
  return { name: 'uuid', accepts: (value) => value.length === 36 && uuidText.test(value) };
}

const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Words of lower-case letters and digits with single hyphens between them: `tea-at-5`. At most 100 characters. */
export function slug(): PathConstraint {
  return { name: 'slug', accepts: (value) => value.length <= 100 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(value) };
}

/** One of these texts. Throws a TypeError if there are none. */
export function oneOf(...values: readonly string[]): PathConstraint {
  if (values.length === 0) throw new TypeError('oneOf: give at least one text');
  const set = new Set(values);
  return { name: `oneOf ${JSON.stringify([...set].sort())}`, accepts: (value) => set.has(value) };
}

export interface PatternOptions {
  /** Longer values are not accepted, and not looked at. Default: 200. */
  readonly maxLength?: number;
}

/**
 * What the expression matches from its `^` to its `$`. Throws a TypeError for one that is not bound at both ends, that keeps state
 * (`g`, `y`), or that can be made to run for ever: with a back reference, or with a group that repeats and has a choice
 * within (`(a+)+`, `(a|b)*`). For those write a constraint by hand.
 */
export function pattern(expression: RegExp, options: PatternOptions = {}): PathConstraint {
  const { maxLength = 200 } = options;
  if (!(maxLength >= 1)) throw new RangeError(`pattern: maxLength ${maxLength} is not a number from 1`);
  refuseUnsafePattern(expression);
  const own = new RegExp(expression);
  return {
    name: `pattern ${expression} to ${maxLength}`,
    accepts: (value) => value.length <= maxLength && own.test(value),
  };
}
