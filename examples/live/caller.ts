import { fieldsOf } from 'flotilla/call';
import type { Context } from 'flotilla/concurrency';
import { defineErrors } from 'flotilla/errors';

export const CallerErrors = defineErrors('live', {
  SIGN_IN_REQUIRED: {
    code: 'unauthenticated',
    description: 'The call names no account; the gateway takes it from the token.',
  },
});

/** Who calls: the account, and whose data it may see. */
export interface Caller {
  readonly tenant: string;
  readonly accountId: string;
}

/** The caller of this call. The gateway vouches for it: services do not check tokens again. */
export function callerOf(ctx: Context): Caller {
  const { tenant, principal } = fieldsOf(ctx);
  if (principal === '') throw CallerErrors.SIGN_IN_REQUIRED('sign in first');
  return { tenant, accountId: principal };
}

/** Whose data the call may see; anonymous callers have a tenant too. */
export function tenantOf(ctx: Context): string {
  return fieldsOf(ctx).tenant;
}
