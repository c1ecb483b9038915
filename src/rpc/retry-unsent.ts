import { fieldsOf, withFields } from '../call/index.ts';
import * as errors from '../errors/index.ts';
import type { Middleware } from '../service/index.ts';
import { RpcErrors } from './rpc-errors.ts';

/**
 * Tries a call once more where the server cannot have seen it: the node could not be reached, or took the call back
 * unprocessed (then only if its request is one message, for a stream may be partly read). Safe for every method.
 */
export const retryUnsent: Middleware = (next, method) => {
  const sendsOnce = method.kind === 'unary' || method.kind === 'server_stream';
  return async (ctx, input) => {
    try {
      return await next(ctx, input);
    } catch (error) {
      const unsent =
        errors.is(error, RpcErrors.CONNECT_FAILED) || (sendsOnce && errors.is(error, RpcErrors.STREAM_REFUSED));
      if (!unsent || ctx.err() !== undefined) throw error;
      return next(withFields(ctx, { attempt: fieldsOf(ctx).attempt + 1 }), input);
    }
  };
};
