/** What a secret looks like wherever it is printed. */
const mask = '[secret]';

/**
 * A value that prints as `[secret]` in logs, errors, JSON, templates and `util.inspect`. Only `reveal()` gives it away:
 * call that where the value is used, and nowhere else.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [Symbol.toPrimitive](): string {
    return mask;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return mask;
  }
}

/** Wraps a value, for the end of a schema: `z.string().min(32).transform((value) => secret(value))`. */
export function secret<T>(value: T): Secret<T> {
  return new Secret(value);
}
