import { formatTraceparent } from '../../../call/index.ts';
import { type CancelContext, type Context, until } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import type { CallState } from '../call-state.ts';
import type { Exchange, ReplyWriter } from '../engine/exchange.ts';
import { clientLeft } from '../engine/request-body.ts';
import { HttpErrors } from '../http-errors.ts';
import { isStream, type Output } from '../route-call.ts';
import { errorReply } from './error-reply.ts';
import { headerList, type UpgradeContent } from './reply.ts';

/**
 * Sends what the chain gave: at once, or a promise of it where it takes time. Throws what fails before the answer has begun;
 * a failure later cuts the connection.
 */
export function answer(ctx: CancelContext, state: CallState, output: Output): Promise<void> | undefined {
  if (isStream(output)) return answerStream(ctx, state, output);
  const { exchange } = state;
  const { status, content } = output;
  const headers = headersOf(state, output.headers);
  if (content.kind === 'whole') exchange.respond(status, headers, content.data);
  else if (content.kind === 'none') exchange.respond(status, headers, undefined);
  else if (content.kind === 'upgrade') return handOver(ctx, state, headers, content);
  else exchange.open(status, headers).end();
  return undefined;
}

/** Answers in the one error shape, unless an answer has begun. The error must be one that may leave the service. */
export function answerError(state: CallState, error: StatusError): void {
  const { status, headers, body } = errorReply(error);
  state.exchange.respond(status, headersOf(state, headers), body);
}

/** Refuses a request that no chain has seen. */
export function refuse(exchange: Exchange, error: StatusError, retryAfterMs?: number): void {
  const { status, headers, body } = errorReply(error);
  const retry = retryAfterMs === undefined ? [] : ['retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000)))];
  exchange.respond(status, [...headers, ...retry], body);
}

async function answerStream(ctx: Context, state: CallState, output: AsyncIterable<string | Uint8Array>): Promise<void> {
  const { exchange, reply } = state;
  const { status = 200, headers = [], content } = reply ?? {};
  const open = () => exchange.open(status, headersOf(state, headers));
  // A browser waits for the head of an event stream; of another stream the first chunk decides between it and an error.
  let writer: ReplyWriter | undefined = content?.kind === 'events' ? open() : undefined;
  try {
    for await (const chunk of output) {
      writer ??= open();
      const taken = writer.write(chunk);
      if (taken !== undefined) await until(ctx, taken);
    }
    const trailers = content?.kind === 'stream' ? content.trailers : undefined;
    (writer ?? open()).end(trailers === undefined ? undefined : headerList(trailers()));
  } catch (error) {
    writer?.abort();
    throw error;
  }
}

/** The call lasts for as long as the new protocol does. */
async function handOver(
  ctx: CancelContext,
  state: CallState,
  headers: readonly string[],
  { protocol, take }: UpgradeContent,
): Promise<void> {
  const { exchange } = state;
  if (!exchange.mayUpgrade) {
    const error = HttpErrors.UPGRADE_REQUIRED(`this address speaks ${protocol}, and the request does not ask for that`);
    const { status, headers: about, body } = errorReply(error);
    exchange.respond(status, [...about, 'upgrade', protocol], body);
    return;
  }
  const { socket, rest } = exchange.upgrade([...headers, 'upgrade', protocol]);
  const leave = () => ctx.cancel(clientLeft());
  socket.once('close', leave);
  try {
    await take(ctx, socket, rest);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off('close', leave);
  }
}

function headersOf(state: CallState, headers: readonly string[]): readonly string[] {
  const { extraHeaders, span } = state;
  if (extraHeaders === undefined && span === undefined) return headers;
  const all = extraHeaders === undefined ? headers.slice() : [...headers, ...extraHeaders];
  if (span !== undefined) all.push('traceparent', formatTraceparent(span));
  return all;
}
