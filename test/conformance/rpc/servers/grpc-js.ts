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
import { Failure, type Heard, type Testee, type TesteeOptions, testHandlers } from '../testee.ts';

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
      once(GetRoomResponseSchema, handlers.getRoom(call.request, heardBy(call)), done),
    watchRoom: (call: ServerWritableStream<WatchRoomRequest, Message>) =>
      void pour(WatchRoomResponseSchema, handlers.watchRoom(call.request, heardBy(call)), call),
    uploadMessages: (call: ServerReadableStream<UploadMessagesRequest, Message>, done: sendUnaryData<Message>) =>
      once(UploadMessagesResponseSchema, handlers.uploadMessages(call, heardBy(call)), done),
    chat: (call: ServerDuplexStream<ChatRequest, Message>) =>
      void pour(ChatResponseSchema, handlers.chat(requestsOf(call), heardBy(call)), call),
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

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getDeadline' | 'cancelled'> & {
  on(event: 'cancelled', listener: () => void): unknown;
};

function heardBy(call: AnyCall): Heard {
  const abort = new AbortController();
  call.on('cancelled', () => abort.abort());
  const deadline = Number(call.getDeadline());
  return {
    header: (name) => call.metadata.get(name)[0]?.toString(),
    leftMs: () => (Number.isFinite(deadline) ? deadline - Date.now() : undefined),
    signal: abort.signal,
  };
}

function once<D extends DescMessage>(
  desc: D,
  answer: Promise<MessageInitShape<D>>,
  done: sendUnaryData<Message>,
): void {
  answer.then(
    (fields) => done(null, create(desc, fields)),
    (error) => done(errorOf(error)),
  );
}

async function pour<D extends DescMessage>(
  desc: D,
  messages: AsyncIterable<MessageInitShape<D>>,
  call: Writable,
): Promise<void> {
  try {
    for await (const fields of messages) {
      if (!call.write(create(desc, fields))) await new Promise((resolve) => call.once('drain', resolve));
    }
    call.end();
  } catch (error) {
    call.emit('error', errorOf(error));
  }
}

function errorOf(thrown: unknown) {
  if (!(thrown instanceof Failure)) return { code: 2, details: String(thrown) };
  const { code, message, info } = thrown;
  const metadata = new Metadata();
  if (info !== undefined) {
    const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, info))];
    const status = toBinary(StatusSchema, create(StatusSchema, { code, message, details }));
    metadata.set('grpc-status-details-bin', Buffer.from(status));
  }
  return { code, details: message, metadata };
}
