import { type CallHead, fieldsOf, noteTriedNode, type Outcome } from '../../../call/index.ts';
import type { Awaitable, Context } from '../../../concurrency/index.ts';
import * as errors from '../../../errors/index.ts';

/** One of the servers that share a client's calls, chosen for one try. */
export interface HttpNode {
  /** Of the instance. */
  readonly id: string;
  /** Where it serves HTTP. */
  readonly url: string;
  /** Tells how the try ended; a stream's ends here with its head. */
  done(outcome: Outcome): void;
}

/** Whom a client calls that balances between the instances of a service. `httpTarget` of `flotilla/discovery` makes it. */
export interface HttpTarget {
  /** What guards, logs and metrics know it by. */
  readonly name: string;
  /** The name in the certificates of its servers. Default: that of each one's address. */
  readonly serverName?: string | undefined;
  /** What calls say in `Host`, unless they say it themselves. Default: the address of each server. */
  readonly host?: string | undefined;
  /** A server for this try, not one that was tried if there are others. Fails with `unavailable` NO_INSTANCES. */
  pick(ctx: Context, head: CallHead): Awaitable<HttpNode>;
  /** Ends what finds the servers. */
  close(): Promise<void>;
}

/** One try at a server of the target's, which is told how it went. */
export async function callNode<T extends { readonly status: number }>(
  ctx: Context,
  target: HttpTarget,
  method: string,
  send: (base: URL) => Promise<T>,
): Promise<T> {
  const timeoutMs = ctx.deadline === undefined ? undefined : ctx.remainingMs();
  const head = { service: target.name, method, sizeBytes: undefined, timeoutMs, fields: fieldsOf(ctx) };
  const node = await target.pick(ctx, head);
  noteTriedNode(ctx, node.id);
  const startedAt = ctx.clock.now();
  const report = (error: errors.StatusError | undefined) =>
    node.done({ error, durationMs: ctx.clock.now() - startedAt });
  try {
    const answer = await send(new URL(node.url));
    // An error that its caller takes for an answer says as much about the node as one that is thrown.
    report(answer.status < 400 ? undefined : errors.fromBody(undefined, answer.status));
    return answer;
  } catch (thrown) {
    report(errors.from(thrown));
    throw thrown;
  }
}

/** Whether an address says by itself which server it is of. */
export function isWhole(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(url);
}
