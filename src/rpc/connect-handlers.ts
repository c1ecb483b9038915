import type { Message } from '@bufbuild/protobuf';
import { createConnectRouter, createContextKey, type HandlerContext } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import { boundStream } from './bound-stream.ts';
import { fromConnectError, toConnectError } from './error-codec.ts';
import { type InboundCall, inboundFailure } from './inbound-call.ts';
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
      return (input, context) => runOnce(callOf(context), input);
    case 'client_stream':
      return (input, context) => {
        const call = callOf(context);
        return runOnce(call, requestsOf(call, input as AsyncIterable<Message>));
      };
    case 'server_stream':
      return (input, context) => runStream(callOf(context), input);
    case 'bidi_stream':
      return (input, context) => {
        const call = callOf(context);
        return runStream(call, requestsOf(call, input as AsyncIterable<Message>));
      };
  }
}

async function runOnce(call: InboundCall, input: Payload): Promise<Payload> {
  call.reached = true;
  try {
    return await call.method.run(call.ctx, input);
  } catch (error) {
    throw toConnectError(inboundFailure(call, error));
  }
}

async function* runStream(call: InboundCall, input: Payload): AsyncGenerator<Message> {
  call.reached = true;
  try {
    yield* (await call.method.run(call.ctx, input)) as AsyncIterable<Message>;
  } catch (error) {
    throw toConnectError(inboundFailure(call, error));
  }
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
