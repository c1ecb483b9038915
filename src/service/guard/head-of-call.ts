import { type CallHead, type CallTransport, fieldsOf } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import type { MethodInfo } from '../method.ts';

/** The head of a call that is past admission, as its middlewares see it: how large it is nobody knows any more. */
export function headOfCall(
  ctx: Context,
  { service, method }: MethodInfo,
  transport: CallTransport | undefined,
): CallHead {
  const timeoutMs = ctx.deadline === undefined ? undefined : ctx.remainingMs();
  return { service, method, sizeBytes: undefined, timeoutMs, fields: fieldsOf(ctx), address: transport?.address };
}
