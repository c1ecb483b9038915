import { type Context, until } from '../concurrency/index.ts';
import { endOf } from './end-with-context.ts';
import { toConnectError } from './error-codec.ts';
import { RpcErrors } from './rpc-errors.ts';

/**
 * What a client sends, as it comes; `open` is called with the first pull. Fails when the call's Context ends, in the form that
 * the protocol library passes on.
 */
export async function* requestBytes(ctx: Context, open: () => AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = open();
  try {
    for (;;) {
      const step = await until(ctx, chunks.next());
      if (step.done === true) return;
      yield step.value;
    }
  } catch {
    throw toConnectError(ctx.err() === undefined ? RpcErrors.CALLER_LEFT('the caller left') : endOf(ctx));
  }
}
