import { type CallMetadata, formatTraceparent } from '../../../call/index.ts';
import { type Context, until } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { type CallState, withCallState } from '../call-state.ts';
import type { Exchange, ReplyWriter } from '../engine/exchange.ts';
import { HttpErrors } from '../http-errors.ts';
import { isStream, type Output } from '../route-call.ts';
import type { Compression, Encodable } from './compression.ts';
import { errorReply } from './error-reply.ts';
import { headerList, type UpgradeContent } from './reply.ts';
import type { StreamEncoder } from './stream-encoder.ts';

/**
 * Sends what the chain gave: at once, or a promise of it where it takes time. Throws what fails before the answer has begun;
 * a failure later cuts the connection.
 */
export function answer(ctx: Context, state: CallState, output: Output): Promise<void> | undefined {
  if (isStream(output)) return answerStream(ctx, state, output);
  const { exchange, compression } = state;
  const { status, content } = output;
  const headers = headersOf(state, output.headers);
  if (compression !== undefined && content.kind !== 'none' && content.kind !== 'upgrade')
    return answerCoded(compression, exchange, status, headers, content);
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
export function refuse(exchange: Exchange, error: StatusError): void {
  const { status, headers, body } = errorReply(error);
  exchange.respond(status, headers, body);
}

/** As {@link answer}, in the coding that the client takes. HEAD, for which nothing is made, says what a GET would. */
function answerCoded(
  compression: Compression,
  exchange: Exchange,
  status: number,
  headers: readonly string[],
  content: Encodable & { readonly data?: string | Uint8Array },
): Promise<void> | undefined {
  const accept = exchange.header('accept-encoding');
  const { data } = content;
  if (exchange.method === 'HEAD' || data === undefined) {
    const length = data === undefined ? content.length : data.length;
    const head = compression.head(
      accept,
      status,
      headers,
      length === undefined ? { kind: content.kind } : { kind: content.kind, length },
    );
    if (head.isCoded || data === undefined) exchange.open(status, head.headers).end();
    else exchange.respond(status, head.headers, data);
    return undefined;
  }
  const coded = compression.whole(accept, status, headers, data);
  if (coded instanceof Promise) return coded.then((body) => exchange.respond(status, body.headers, body.data));
  exchange.respond(status, coded.headers, coded.data);
  return undefined;
}

async function answerStream(ctx: Context, state: CallState, output: AsyncIterable<string | Uint8Array>): Promise<void> {
  const { content } = state.reply ?? {};
  // A browser waits for the head of an event stream; of another stream the first chunk decides between it and an error.
  let opened = content?.kind === 'events' ? openStream(state) : undefined;
  try {
    for await (const chunk of output) {
      opened ??= openStream(state);
      const { writer, encoder } = opened;
      const taken = writer.write(encoder === undefined ? chunk : await encoder.write(chunk));
      if (taken !== undefined) await until(ctx, taken);
    }
    opened ??= openStream(state);
    const { writer, encoder } = opened;
    if (encoder !== undefined) writer.write(await encoder.end());
    const trailers = content?.kind === 'stream' ? content.trailers : undefined;
    writer.end(trailers === undefined ? undefined : headerList(trailers()));
  } catch (error) {
    opened?.writer.abort();
    throw error;
  } finally {
    opened?.encoder?.close();
  }
}

interface OpenedStream {
  readonly writer: ReplyWriter;
  readonly encoder: StreamEncoder | undefined;
}

function openStream(state: CallState): OpenedStream {
  const { exchange, reply, compression } = state;
  const { status = 200, headers = [], content } = reply ?? {};
  const all = headersOf(state, headers);
  if (compression === undefined || content === undefined)
    return { writer: exchange.open(status, all), encoder: undefined };
  const coded = compression.stream(exchange.header('accept-encoding'), status, all, content as Encodable);
  try {
    return { writer: exchange.open(status, coded.headers), encoder: coded.encoder };
  } catch (error) {
    coded.encoder?.close();
    throw error;
  }
}

/** The call lasts for as long as the new protocol does; the engine tells it when the connection closes. */
function handOver(
  ctx: Context,
  state: CallState,
  headers: readonly string[],
  { protocol, take }: UpgradeContent,
): Promise<void> {
  const { exchange } = state;
  if (!exchange.mayUpgrade) {
    throw HttpErrors.UPGRADE_REQUIRED(`this address speaks ${protocol}, and the request does not ask for that`, {
      metadata: { upgrade: protocol },
    });
  }
  const { socket, rest } = exchange.upgrade([...headers, 'upgrade', protocol]);
  // What lasts as long as a connection holds little of how it began.
  state.reply = undefined;
  return Promise.try(take, withCallState(ctx, state), socket, rest).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
}

function headersOf(state: CallState, headers: readonly string[]): readonly string[] {
  const { extraHeaders, span, knownMetadata } = state;
  state.hasBegun = true;
  if (extraHeaders === undefined && span === undefined && knownMetadata === undefined) return headers;
  const all = extraHeaders === undefined ? headers.slice() : [...headers, ...extraHeaders];
  if (knownMetadata !== undefined) addMetadata(all, knownMetadata);
  if (span !== undefined) all.push('traceparent', formatTraceparent(span));
  return all;
}

/** Trailers have the prefix that Connect gives them. */
function addMetadata(all: string[], { headers = [], trailers = [] }: CallMetadata): void {
  all.push(...headers);
  for (let at = 0; at < trailers.length; at += 2) all.push(`trailer-${trailers[at]}`, trailers[at + 1]!);
}
