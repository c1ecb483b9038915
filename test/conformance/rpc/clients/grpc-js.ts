import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { CallOptions, Client } from '@connectrpc/connect';
import {
  type ChannelCredentials,
  type ClientReadableStream,
  type ClientWritableStream,
  compressionAlgorithms,
  credentials,
  Client as GrpcClient,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { ErrorInfoSchema } from '../../../../src/rpc/gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../../../src/rpc/gen/google/rpc/status_pb.ts';
import { methodDefinition } from '../grpc-js-definition.ts';
import type { Explained, OpenCaller } from './caller.ts';

/** The client of @grpc/grpc-js. */
export const grpcJsClient: OpenCaller = grpcJsClientWith(credentials.createInsecure());

/** The same with TLS. */
export function grpcJsClientWith(channelCredentials: ChannelCredentials): OpenCaller {
  return (url, { gzip = false }) => {
    const client = new GrpcClient(new URL(url).host, channelCredentials, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.default_compression_algorithm': gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
    });
    return {
      client<S extends DescService>(service: S) {
        const calls = service.methods.map((method) => [
          method.localName,
          (input: unknown, options?: CallOptions) => start(client, method, input, options),
        ]);
        return Object.fromEntries(calls) as Client<S>;
      },
      explain,
      async [Symbol.asyncDispose]() {
        client.close();
      },
    };
  };
}

interface AnyCall {
  cancel(): void;
  on(event: 'metadata', listener: (metadata: Metadata) => void): unknown;
  on(event: 'status', listener: (status: { readonly metadata: Metadata }) => void): unknown;
}

function start(client: GrpcClient, method: DescMethod, input: unknown, options: CallOptions = {}): unknown {
  const { path, requestSerialize: write, responseDeserialize: read } = methodDefinition(method);
  const { timeoutMs, signal } = options;
  const limit = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
  const metadata = metadataOf(options.headers);
  const message = (fields: unknown) => create(method.input, fields as MessageInitShape<DescMessage>);
  const cancelling = <C extends AnyCall>(call: C): C => {
    signal?.addEventListener('abort', () => call.cancel());
    call.on('metadata', (found) => options.onHeader?.(headersOf(found)));
    call.on('status', ({ metadata: found }) => options.onTrailer?.(headersOf(found)));
    return call;
  };
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const done = (error: ServiceError | null, value?: Message) => (error === null ? resolve(value!) : reject(error));
  switch (method.methodKind) {
    case 'unary':
      cancelling(client.makeUnaryRequest(path, write, read, message(input), metadata, limit, done));
      return promise;
    case 'client_streaming': {
      const call = cancelling(client.makeClientStreamRequest(path, write, read, metadata, limit, done));
      void pump(call, input as AsyncIterable<unknown>, message);
      return promise;
    }
    case 'server_streaming':
      return received(cancelling(client.makeServerStreamRequest(path, write, read, message(input), metadata, limit)));
    case 'bidi_streaming': {
      const call = cancelling(client.makeBidiStreamRequest(path, write, read, metadata, limit));
      void pump(call, input as AsyncIterable<unknown>, message);
      return received(call);
    }
  }
}

async function pump(
  call: ClientWritableStream<Message>,
  input: AsyncIterable<unknown>,
  message: (fields: unknown) => Message,
): Promise<void> {
  for await (const fields of input) if (!call.destroyed) call.write(message(fields));
  call.end();
}

async function* received(call: ClientReadableStream<Message>): AsyncGenerator<Message> {
  try {
    yield* call;
  } finally {
    call.cancel();
  }
}

function metadataOf(headers: CallOptions['headers']): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of new Headers(headers))
    metadata.set(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  return metadata;
}

function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const name of Object.keys(metadata.getMap()))
    for (const value of metadata.get(name))
      headers.append(name, typeof value === 'string' ? value : value.toString('base64'));
  return headers;
}

function explain(thrown: unknown): Explained {
  const { code, details, metadata } = thrown as ServiceError;
  const [bytes] = metadata?.get('grpc-status-details-bin') ?? [];
  const status = bytes === undefined ? undefined : fromBinary(StatusSchema, Buffer.from(bytes as Buffer));
  const info = status?.details.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find((found) => found !== undefined);
  return { code, message: details, metadata: headersOf(metadata ?? new Metadata()), info };
}
