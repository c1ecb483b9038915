/**
 * The limits that were given, with the defaults for the others. Throws a RangeError that names `where`, the option, its
 * value and the valid range: times named `timeoutMs` or ending in `DrainMs` may be 0, everything else is a whole number
 * from 1.
 */
export function limitsOf<const D extends Readonly<Record<string, number>>>(
  where: string,
  defaults: D,
  given: { readonly [K in keyof D]?: number },
): { readonly [K in keyof D]: number } {
  const limits: Record<string, number> = {};
  for (const [name, fallback] of Object.entries(defaults)) {
    const value = given[name] ?? fallback;
    if (name === 'timeoutMs' || name.endsWith('DrainMs')) checkTimeout(`${where}: ${name}`, value);
    else if (!Number.isInteger(value) || value < 1 || value > maxLimit) {
      throw new RangeError(`${where}: ${name} is ${value}; it must be a whole number from 1 to ${maxLimit}`);
    }
    limits[name] = value;
  }
  return limits as { readonly [K in keyof D]: number };
}

/** Refuses a time limit that is not 0 or a positive number of milliseconds. */
export function checkTimeout(name: string, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (timeoutMs >= 0 && timeoutMs < Number.POSITIVE_INFINITY)) return;
  throw new RangeError(`${name} is ${timeoutMs}; it must be a number of milliseconds, 0 for none`);
}

const maxLimit = 0x7fffffff;
