import type { Writable } from 'node:stream';
import { create, type DescMessage, type Message, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  compressionAlgorithms,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { ErrorInfoSchema } from '../../../../src/rpc/gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../../../src/rpc/gen/google/rpc/status_pb.ts';
import {
  type ChatRequest,
  ChatResponseSchema,
  type GetRoomRequest,
  GetRoomResponseSchema,
  RoomService,
  type UploadMessagesRequest,
  UploadMessagesResponseSchema,
  type WatchRoomRequest,
  WatchRoomResponseSchema,
} from '../../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { serviceDefinition } from '../grpc-js-definition.ts';
import { Failure, type Heard, type Testee, type TesteeOptions, type Told, testHandlers } from '../testee.ts';

/** The server of @grpc/grpc-js. */
export async function grpcJsServer(
  { gzip = false }: TesteeOptions = {},
  credentials = ServerCredentials.createInsecure(),
): Promise<Testee> {
  const { handlers, ...times } = testHandlers();
  const server = new Server({
    'grpc.default_compression_algorithm': gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
  });
  const { createRoom: _, closeRoom: __, ...definition } = serviceDefinition(RoomService);
  server.addService(definition, {
    getRoom: (call: ServerUnaryCall<GetRoomRequest, Message>, done: sendUnaryData<Message>) =>
      once(GetRoomResponseSchema, (heard) => handlers.getRoom(call.request, heard), call, done),
    watchRoom: (call: ServerWritableStream<WatchRoomRequest, Message>) =>
      void pour(WatchRoomResponseSchema, (heard) => handlers.watchRoom(call.request, heard), call),
    uploadMessages: (call: ServerReadableStream<UploadMessagesRequest, Message>, done: sendUnaryData<Message>) =>
      once(UploadMessagesResponseSchema, (heard) => handlers.uploadMessages(call, heard), call, done),
    chat: (call: ServerDuplexStream<ChatRequest, Message>) =>
      void pour(ChatResponseSchema, (heard) => handlers.chat(requestsOf(call), heard), call),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error))),
  );
  return {
    url: `http://127.0.0.1:${port}`,
    ...times,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

/** Left open when they end: by itself the loop over a stream of both directions would destroy it whole. */
function requestsOf<T>(call: ServerDuplexStream<T, Message>): AsyncIterable<T> {
  return call.iterator({ destroyOnReturn: false });
}

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getDeadline' | 'cancelled' | 'sendMetadata'> & {
  on(event: 'cancelled', listener: () => void): unknown;
};

function heardBy(call: AnyCall, trailer: Metadata): Heard {
  const abort = new AbortController();
  call.on('cancelled', () => abort.abort());
  const deadline = Number(call.getDeadline());
  return {
    header(name) {
      const [value] = call.metadata.get(name);
      return typeof value === 'object' ? value.toString('base64') : value;
    },
    tell(headers, trailers) {
      const head = new Metadata();
      put(head, headers);
      call.sendMetadata(head);
      put(trailer, trailers);
    },
    leftMs: () => (Number.isFinite(deadline) ? deadline - Date.now() : undefined),
    signal: abort.signal,
  };
}

function put(metadata: Metadata, told: Told): void {
  for (const [name, value] of Object.entries(told))
    metadata.set(name, typeof value === 'string' ? value : Buffer.from(value));
}

function once<D extends DescMessage>(
  desc: D,
  answer: (heard: Heard) => Promise<MessageInitShape<D>>,
  call: AnyCall,
  done: sendUnaryData<Message>,
): void {
  const trailer = new Metadata();
  answer(heardBy(call, trailer)).then(
    (fields) => done(null, create(desc, fields), trailer),
    (error) => done(errorOf(error, trailer)),
  );
}

async function pour<D extends DescMessage>(
  desc: D,
  messages: (heard: Heard) => AsyncIterable<MessageInitShape<D>>,
  call: AnyCall & Writable & { end(trailer: Metadata): void },
): Promise<void> {
  const trailer = new Metadata();
  try {
    for await (const fields of messages(heardBy(call, trailer))) {
      if (!call.write(create(desc, fields))) await new Promise((resolve) => call.once('drain', resolve));
    }
    call.end(trailer);
  } catch (error) {
    call.emit('error', errorOf(error, trailer));
  }
}

function errorOf(thrown: unknown, metadata: Metadata) {
  if (!(thrown instanceof Failure)) return { code: 2, details: String(thrown) };
  const { code, message, info } = thrown;
  if (info !== undefined) {
    const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, info))];
    const status = toBinary(StatusSchema, create(StatusSchema, { code, message, details }));
    metadata.set('grpc-status-details-bin', Buffer.from(status));
  }
  return { code, details: message, metadata };
}
