/** What a parameter may be, for every database alike. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/**
 * Checks the parameters of a statement. Booleans become 1 and 0. A Date, a non-finite number, undefined or an object is
 * refused with a TypeError: the databases disagree about all of them.
 */
export function toSqlValues(parameters: readonly unknown[]): SqlValue[] {
  return parameters.map(toSqlValue);
}

function toSqlValue(value: unknown, index: number): SqlValue {
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'object':
      if (value === null) return null;
      if (value instanceof Uint8Array) return own(value);
      if (value instanceof Date) {
        throw new TypeError(
          `SQL parameter ${index + 1} is a Date; store milliseconds (date.getTime()) in a bigint column`,
        );
      }
      break;
  }
  const shown = typeof value === 'number' ? String(value) : typeof value;
  throw new TypeError(
    `SQL parameter ${index + 1} is ${shown}; give null, a string, a finite number, a bigint, a boolean or a Uint8Array`,
  );
}

/** A copy where the bytes are part of a larger buffer: sending them to a thread would copy all of that. */
function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
