import type { CallHead, Permit, Rejection } from '../../call/index.ts';

/**
 * Lets a call through or refuses it, at once. `cost` (default 1) is how much of the limit the call takes, a number above
 * 0; a limiter of running calls gives it back with `Permit.done`, one of a rate never does.
 */
export interface Limiter {
  acquire(head: CallHead, cost?: number): Permit | Rejection;
}
