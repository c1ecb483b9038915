import type { DescMethod, Message } from '@bufbuild/protobuf';
import { type Context, until } from '../../concurrency/index.ts';
import type { Pick } from '../../discovery/index.ts';
import type { ObservedCall } from '../../service/call-observer.ts';
import type { Codecs } from '../codec/codecs.ts';
import type { NodePool } from '../node-pool.ts';
import { methodPath, type Payload } from '../server-method.ts';
import type { MuxMethod } from './client-call.ts';
import type { MessageLimits } from './messages.ts';
import type { MuxSession } from './mux-session.ts';
import { StreamCall } from './stream-call.ts';
import { UnaryCall } from './unary-call.ts';

/** The calls of a client over mux: one pool, and what they share. */
export interface MuxClient {
  readonly pool: NodePool<MuxSession>;
  readonly codecs: Codecs;
  readonly limits: MessageLimits;
}

export function muxMethod(desc: DescMethod, { codecs, limits }: MuxClient): MuxMethod {
  return {
    desc,
    number: desc.parent.methods.indexOf(desc),
    path: methodPath(desc),
    input: codecs.codec(desc.input),
    output: codecs.codec(desc.output),
    limits,
  };
}

/**
 * A connection to the node on which a call is booked. Waits no longer than the Context. Throws CONNECT_FAILED if the node
 * cannot be reached and TOO_MANY_CALLS if all its connections are full.
 */
export async function bookedSession(pool: NodePool<MuxSession>, ctx: Context, url: string): Promise<MuxSession> {
  for (;;) {
    ctx.throwIfDone();
    const session = pool.choose(url);
    session.book();
    try {
      await until(ctx, session.ready);
    } catch (error) {
      session.release();
      throw error;
    }
    if (!session.isOverbooked) return session;
    session.release();
  }
}

/** A unary call on a connection on which it is booked. Tells `pick` how it ended, and ends `observed`. */
export function callUnary(
  session: MuxSession,
  method: MuxMethod,
  ctx: Context,
  pick: Pick,
  input: Message,
  observed?: ObservedCall,
  startedAt?: number,
): Promise<Message> {
  return new UnaryCall(session, method, ctx, pick, observed, startedAt).begin(input);
}

/** A call with streams: its answers. */
export function callStream(
  session: MuxSession,
  method: MuxMethod,
  ctx: Context,
  pick: Pick,
  input: Payload,
): AsyncIterable<Message> {
  return new StreamCall(session, method, ctx, pick).begin(input);
}
