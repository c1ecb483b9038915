import { randomBytes } from 'node:crypto';

/**
 * A new id: 32 hex digits, of which the first 12 are the time in milliseconds. Ids of rows that are made one after the
 * other stand side by side in an index, which random ones do not, and sort by age.
 */
export function newId(nowMs: number = Date.now()): string {
  return nowMs.toString(16).padStart(12, '0') + randomBytes(10).toString('hex');
}
