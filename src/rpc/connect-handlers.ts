import type { Message } from '@bufbuild/protobuf';
import { createConnectRouter, createContextKey, type HandlerContext } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import { boundStream } from './bound-stream.ts';
import { fromConnectError, toConnectError } from './error-codec.ts';
import { type InboundCall, inboundFailure } from './inbound-call.ts';
import { entriesOf } from './metadata-entries.ts';
import type { Payload, ServerMethod } from './server-method.ts';

/** Under which the call of a request is handed through the library to the method's chain. */
export const callKey = createContextKey<InboundCall | undefined>(undefined, { description: 'flotilla call' });

/** The library's handler of one method: it speaks gRPC, gRPC-Web and Connect, and runs the method's chain. */
export function connectHandler(method: ServerMethod, maxMessageBytes: number): UniversalHandler {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    readMaxBytes: maxMessageBytes,
    writeMaxBytes: maxMessageBytes,
  });
  // The four kinds differ in types only, and the types are known to the descriptor alone.
  router.rpc(method.desc, implementationOf(method) as never);
  return router.handlers[0] as UniversalHandler;
}

function implementationOf(method: ServerMethod): (input: Payload, context: HandlerContext) => unknown {
  switch (method.info.kind) {
    case 'unary':
      return (input, context) => runOnce(callOf(context), input, context);
    case 'client_stream':
      return (input, context) => {
        const call = callOf(context);
        return runOnce(call, requestsOf(call, input as AsyncIterable<Message>), context);
      };
    case 'server_stream':
      return (input, context) => runStream(callOf(context), input, context);
    case 'bidi_stream':
      return (input, context) => {
        const call = callOf(context);
        return runStream(call, requestsOf(call, input as AsyncIterable<Message>), context);
      };
  }
}

async function runOnce(call: InboundCall, input: Payload, context: HandlerContext): Promise<Payload> {
  call.reached = true;
  try {
    return await call.method.run(call.ctx, input);
  } catch (error) {
    throw toConnectError(inboundFailure(call, error));
  } finally {
    putTrailers(call, context);
  }
}

async function* runStream(call: InboundCall, input: Payload, context: HandlerContext): AsyncGenerator<Message> {
  call.reached = true;
  try {
    for await (const message of (await call.method.run(call.ctx, input)) as AsyncIterable<Message>) {
      putHeaders(call, context);
      yield message;
    }
  } catch (error) {
    throw toConnectError(inboundFailure(call, error));
  } finally {
    putTrailers(call, context);
  }
}

/** What the handler set of headers, before the first message. */
function putHeaders(call: InboundCall, { responseHeader }: HandlerContext): void {
  if (call.hasBegun) return;
  call.hasBegun = true;
  for (const [name, text] of entriesOf(call.metadata?.headers ?? [])) responseHeader.append(name, text);
}

/** What it set of both, as far as it has not left. */
function putTrailers(call: InboundCall, context: HandlerContext): void {
  putHeaders(call, context);
  if (call.isOver) return;
  call.isOver = true;
  for (const [name, text] of entriesOf(call.metadata?.trailers ?? [])) context.responseTrailer.append(name, text);
}

/** What the caller streams: ends with the Context, and fails with errors of ours. */
async function* requestsOf(call: InboundCall, requests: AsyncIterable<Message>): AsyncGenerator<Message> {
  try {
    yield* boundStream(call.ctx, requests);
  } catch (error) {
    call.ctx.throwIfDone();
    throw fromConnectError(error);
  }
}

function callOf(context: HandlerContext): InboundCall {
  const call = context.values.get(callKey);
  if (call === undefined) throw new Error('the request was not admitted');
  return call;
}
