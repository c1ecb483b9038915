import type { Awaitable, Context } from '../../concurrency/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import type { Handler, Middleware } from '../../service/index.ts';
import { type CallState, callStateOf } from './call-state.ts';
import { HttpReply } from './reply/reply.ts';
import type { HttpRequestHead } from './request.ts';
import { abandon, isStream } from './route-call.ts';
import type { OnSent, Sent } from './sent.ts';

export type { Sent } from './sent.ts';

/** Steps in the life of a call. Each is optional; what it throws is answered as an error. */
export interface Hooks {
  /** The head is known, the body is not read, the input not checked. A reply is the answer: nothing further in runs. */
  onRequest?(ctx: Context, request: HttpRequestHead): Awaitable<HttpReply | undefined | void>;
  /**
   * The answer is made and not sent; a stream has not begun. Another reply replaces it. Not called for an error, unless `onError` has made a
   * reply of it. To add a header alone use `setReplyHeader`.
   */
  onReply?(ctx: Context, request: HttpRequestHead, reply: HttpReply): Awaitable<HttpReply | undefined | void>;
  /**
   * Something further in has thrown: the handler, a check of the input, another middleware. A reply is answered instead; an Error goes on
   * in place of this one. A call whose time is over, or whose client has left, ends without it while its handler still runs.
   */
  onError?(ctx: Context, request: HttpRequestHead, error: unknown): Awaitable<HttpReply | Error | undefined | void>;
  /** The answer is sent, or nobody waits for it. The call's Context has ended. Must not throw; what it does is not waited for. */
  onSent?(request: HttpRequestHead, sent: Sent): void;
}

/**
 * Hooks as a middleware, for wherever a middleware can stand: around those that come after it in the list, and around the route. It is
 * the short way to write a middleware that knows HTTP; one that measures, retries, or works on other transports too is
 * better written as a `Middleware`. A call that is not HTTP passes through.
 *
 *     const router = createRouter({ middleware: [hooks({ onRequest: (ctx, req) => authenticate(ctx, req) })] });
 */
export function hooks(steps: Hooks): Middleware {
  const { onRequest, onReply, onError, onSent } = steps;
  return <I, O>(next: Handler<I, O>): Handler<I, O> => {
    const guarded = onError === undefined ? next : catching(next, onError);
    return async (ctx, input) => {
      const state = callStateOf(ctx);
      if (state === undefined) return next(ctx, input);
      if (onSent !== undefined) state.onSent = withSent(ctx, state.onSent, onSent);
      const early = await onRequest?.(ctx, state.request);
      if (early instanceof HttpReply) return early as O;
      const output = await guarded(ctx, input);
      if (onReply === undefined) return output;
      const reply = replyOf(state, output);
      const other = reply === undefined ? undefined : await onReply(ctx, state.request, reply);
      if (!(other instanceof HttpReply) || other === reply) return output;
      if (isStream(output)) abandon(output);
      return other as O;
    };
  };
}

function catching<I, O>(next: Handler<I, O>, onError: NonNullable<Hooks['onError']>): Handler<I, O> {
  return async (ctx, input) => {
    try {
      return await next(ctx, input);
    } catch (error) {
      const instead = await onError(ctx, callStateOf(ctx)!.request, error);
      if (instead instanceof HttpReply) return instead as O;
      throw instead ?? error;
    }
  };
}

/** The answer that comes out of the route: itself, or its chunks while the state has the rest. */
function replyOf(state: CallState, output: unknown): HttpReply | undefined {
  if (output instanceof HttpReply) return output;
  return isStream(output) ? state.reply : undefined;
}

/** The innermost first, as the answer passes them; a hook that fails does not keep the others from being told. */
function withSent(ctx: Context, earlier: OnSent | undefined, own: OnSent): OnSent {
  return (request, sent) => {
    try {
      own(request, sent);
    } catch (error) {
      telemetryOf(ctx).log.error(ctx, 'an onSent hook failed', { error });
    }
    earlier?.(request, sent);
  };
}
