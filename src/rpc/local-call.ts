import type { DescMethod, Message } from '@bufbuild/protobuf';
import { fieldsOf, Reception } from '../call/index.ts';
import { type Context, until } from '../concurrency/index.ts';
import type { Handler } from '../service/index.ts';
import { boundStream, isStream } from './bound-stream.ts';
import { failureOf } from './call-failure.ts';
import { writeHead } from './call-headers.ts';
import { type AttachedServer, type LocalMetadata, serveLocally } from './local-network.ts';
import { RpcErrors } from './rpc-errors.ts';
import { methodPath, type Payload } from './server-method.ts';

/** The client's end of a call within the process. */
export function localCall(
  desc: DescMethod,
  maxMessageBytes: number,
): (server: AttachedServer) => Handler<Payload, Payload> {
  const path = methodPath(desc);
  return (server) => async (ctx, input) => {
    const { codecs } = server;
    const encode = (message: Message): Uint8Array =>
      checked(codecs.codec(desc.input).encode(message), 'the request', maxMessageBytes);
    const decode = (bytes: Uint8Array): Message =>
      codecs.codec(desc.output).decode(checked(bytes, 'the answer', maxMessageBytes));
    const headers = new Map<string, string>();
    writeHead(ctx, 'connect', (name, value) => headers.set(name, value));
    // Ends with the caller's Context, when the caller stops reading, and when its own stream of requests fails.
    const caller = ctx.withCancel();
    let failure: unknown;
    const fail = (error: unknown) => {
      failure ??= error;
      caller.cancel();
    };
    const request = isStream(input) ? encoded(input, encode, fail) : encode(input);
    try {
      const served = serveLocally(server, path, (name) => headers.get(name), request, caller, metadataFor(ctx));
      const output = await until(caller, served);
      if (isStream(output)) return decoded(caller, output, decode, (error) => failureOf(ctx, failure ?? error));
      caller.cancel();
      return decode(output);
    } catch (error) {
      caller.cancel();
      throw failureOf(ctx, failure ?? error);
    }
  };
}

function metadataFor(ctx: Context): LocalMetadata {
  const { outgoing } = fieldsOf(ctx);
  return outgoing === undefined ? {} : { pairs: outgoing.pairs, reception: Reception.of(outgoing) };
}

async function* encoded(
  messages: AsyncIterable<Message>,
  encode: (message: Message) => Uint8Array,
  fail: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const message of messages) yield encode(message);
  } catch (error) {
    fail(error);
    throw error;
  }
}

async function* decoded(
  caller: Context & { cancel(): void },
  chunks: AsyncIterable<Uint8Array>,
  decode: (bytes: Uint8Array) => Message,
  failureOf: (error: unknown) => unknown,
): AsyncGenerator<Message> {
  try {
    for await (const bytes of boundStream(caller, chunks)) yield decode(bytes);
  } catch (error) {
    throw failureOf(error);
  } finally {
    caller.cancel();
  }
}

function checked(bytes: Uint8Array, which: string, maxBytes: number): Uint8Array {
  if (bytes.byteLength <= maxBytes) return bytes;
  throw RpcErrors.MESSAGE_TOO_LARGE(`a message of ${which} is larger than the limit of ${maxBytes} bytes`);
}
