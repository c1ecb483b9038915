import { withFields } from '../../call/index.ts';
import { requestOf } from '../../net/http/index.ts';
import type { Middleware } from '../../service/index.ts';
import { type Access, type AuthOptions, identify } from './auth.ts';

/**
 * Lets a call of an HTTP route in, as whoever its token says, or refuses it before its body is read. From here on tenant,
 * principal and priority travel with the call.
 */
export function authorize(access: Access, auth: AuthOptions): Middleware {
  return (next) => async (ctx, input) => {
    const caller = await identify(ctx, (name) => requestOf(ctx)?.header(name), access, auth);
    return next(withFields(ctx, caller), input);
  };
}
