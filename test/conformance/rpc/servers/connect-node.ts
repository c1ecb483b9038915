import { createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { type Code, ConnectError, encodeBinaryHeader, type HandlerContext } from '@connectrpc/connect';
import { compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node';
import { ErrorInfoSchema } from '../../../../src/rpc/gen/google/rpc/error_details_pb.ts';
import { RoomService } from '../../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { Failure, type Heard, type Testee, type TesteeOptions, type Told, testHandlers } from '../testee.ts';

/** Connect's own server, over HTTP/2: it speaks Connect, gRPC and gRPC-Web. */
export async function connectNodeServer({ gzip = true }: TesteeOptions = {}): Promise<Testee> {
  const { handlers, ...times } = testHandlers();
  const adapter = connectNodeAdapter({
    acceptCompression: gzip ? [compressionGzip] : [],
    routes: (router) =>
      router.service(RoomService, {
        getRoom: (input, context) => handlers.getRoom(input, heardBy(context)).catch(fail),
        watchRoom: (input, context) => failing(handlers.watchRoom(input, heardBy(context))),
        uploadMessages: (inputs, context) => handlers.uploadMessages(inputs, heardBy(context)).catch(fail),
        chat: (inputs, context) => failing(handlers.chat(inputs, heardBy(context))),
      }),
  });
  const server = createServer(adapter);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...times,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function heardBy({ requestHeader, responseHeader, responseTrailer, timeoutMs, signal }: HandlerContext): Heard {
  const put = (into: Headers, told: Told) => {
    for (const [name, value] of Object.entries(told))
      into.set(name, typeof value === 'string' ? value : encodeBinaryHeader(value));
  };
  return {
    header: (name) => requestHeader.get(name) ?? undefined,
    tell(headers, trailers) {
      put(responseHeader, headers);
      put(responseTrailer, trailers);
    },
    leftMs: timeoutMs,
    signal,
  };
}

function fail(thrown: unknown): never {
  if (!(thrown instanceof Failure)) throw thrown;
  const { code, message, info } = thrown;
  const details = info === undefined ? [] : [{ desc: ErrorInfoSchema, value: info }];
  throw new ConnectError(message, code as Code, undefined, details);
}

async function* failing<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    fail(error);
  }
}
