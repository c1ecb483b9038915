/** Checks of what a message holds before it is written; a value that is right comes back as it is. */

export function int32Of(value: unknown, field: string): number {
  return (Number(value) | 0) === value ? value : wholeNumber(value, field, 'int32', -(2 ** 31), 2 ** 31 - 1);
}

export function uint32Of(value: unknown, field: string): number {
  return Number(value) >>> 0 === value ? value : wholeNumber(value, field, 'uint32', 0, 2 ** 32 - 1);
}

export function int64Of(value: unknown, field: string): bigint {
  const parsed = bigintOf(value, field, 'int64');
  if (BigInt.asIntN(64, parsed) === parsed) return parsed;
  throw invalid(value, field, 'int64');
}

export function uint64Of(value: unknown, field: string): bigint {
  const parsed = bigintOf(value, field, 'uint64');
  if (BigInt.asUintN(64, parsed) === parsed) return parsed;
  throw invalid(value, field, 'uint64');
}

export function floatOf(value: unknown, field: string): number {
  const number = typeof value === 'string' ? Number(value) : value;
  const isText = typeof value === 'string' && Number.isNaN(number) && value !== 'NaN';
  if (typeof number !== 'number' || isText) throw invalid(value, field, 'float');
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) throw invalid(value, field, 'float');
  return number;
}

export function bytesOf(value: unknown, field: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw invalid(value, field, 'bytes');
}

function wholeNumber(value: unknown, field: string, type: string, least: number, most: number): number {
  // The library takes numbers in texts, too.
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw invalid(value, field, type);
}

function bigintOf(value: unknown, field: string, type: string): bigint {
  if (typeof value === 'bigint') return value;
  try {
    return BigInt(value as string);
  } catch {
    throw invalid(value, field, type);
  }
}

function invalid(value: unknown, field: string, type: string): Error {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return new Error(`cannot encode field ${field} to binary: invalid ${type}: ${shown}`);
}
