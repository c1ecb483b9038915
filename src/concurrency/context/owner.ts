import type { Context } from './context.ts';

/** What this package's own contexts can do beyond the contract, for those who own one. */
export interface Owned {
  /** Makes `owner` the owner of this Context and of those below it that have no nearer one. */
  setOwner(owner: object): void;
  owner(): object | undefined;
}

/**
 * Says who made a Context that can end: the call that it is the Context of. It costs no more than an assignment, where a value
 * costs a Context. One that somebody else made has no owner.
 */
export function setOwner(ctx: Context, owner: object): void {
  (ctx as Context & Partial<Owned>).setOwner?.(owner);
}

/** The nearest owner, from this Context upwards. */
export function ownerOf(ctx: Context): object | undefined {
  return (ctx as Context & Partial<Owned>).owner?.();
}
