import { formatTraceparent } from '../../../call/index.ts';
import { type Context, until } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import type { CallState } from '../call-state.ts';
import type { Exchange, ReplyWriter } from '../engine/exchange.ts';
import { isStream, type Output } from '../route-call.ts';
import { errorReply } from './error-reply.ts';

/** Sends what the chain gave. Throws what fails before the answer has begun; a failure later cuts the connection. */
export async function answer(ctx: Context, state: CallState, output: Output): Promise<void> {
  if (isStream(output)) return answerStream(ctx, state, output);
  const { exchange } = state;
  const { status, content } = output;
  const headers = headersOf(state, output.headers);
  if (content.kind === 'whole') exchange.respond(status, headers, content.data);
  else if (content.kind === 'none') exchange.respond(status, headers, undefined);
  else exchange.open(status, headers).end();
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
    (writer ?? open()).end();
  } catch (error) {
    writer?.abort();
    throw error;
  }
}

function headersOf(state: CallState, headers: readonly string[]): readonly string[] {
  const { extraHeaders, span } = state;
  if (extraHeaders.length === 0 && span === undefined) return headers;
  return span === undefined
    ? [...headers, ...extraHeaders]
    : [...headers, ...extraHeaders, 'traceparent', formatTraceparent(span)];
}
