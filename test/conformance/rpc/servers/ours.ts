import { fieldsOf, metadataOf, setHeaders, setTrailers, writeFields } from 'flotilla/call';
import { background, type Context } from 'flotilla/concurrency';
import * as errors from 'flotilla/errors';
import { tcpListener } from 'flotilla/net/tcp';
import { createRpcServer, implement, type RpcServerOptions } from 'flotilla/rpc';
import { RoomService } from '../../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { Failure, type Heard, type Testee, testHandlers } from '../testee.ts';

/** Our server. */
export async function ourServer(options: Partial<RpcServerOptions> = {}): Promise<Testee> {
  const { handlers, ...times } = testHandlers();
  const room = implement(RoomService, {
    getRoom: (ctx, input) => handlers.getRoom(input, heardBy(ctx)).catch(fail),
    watchRoom: (ctx, input) => failing(handlers.watchRoom(input, heardBy(ctx))),
    uploadMessages: (ctx, inputs) => handlers.uploadMessages(inputs, heardBy(ctx)).catch(fail),
    chat: (ctx, inputs) => failing(handlers.chat(inputs, heardBy(ctx))),
    createRoom: () => fail(new Failure(12, 'not here')),
    closeRoom: () => fail(new Failure(12, 'not here')),
  });
  const listener = tcpListener({ port: 0 });
  const server = createRpcServer({ name: 'room', listener, services: [room], timeoutMs: 0, ...options });
  const [endpoint] = await server.start(background());
  return {
    url: endpoint?.url ?? '',
    ...times,
    [Symbol.asyncDispose]: () => server.stop(background().withTimeout(0)),
  };
}

function heardBy(ctx: Context): Heard {
  const headers = new Map<string, string>();
  writeFields(fieldsOf(ctx), (name, value) => headers.set(name, value));
  return {
    header: (name) => headers.get(name) ?? [...metadataOf(ctx)].find(([known]) => known === name)?.[1],
    tell(head, trailers) {
      setHeaders(ctx, head);
      setTrailers(ctx, trailers);
    },
    leftMs: () => (ctx.deadline === undefined ? undefined : ctx.remainingMs()),
    signal: ctx.signal,
  };
}

function fail(thrown: unknown): never {
  if (!(thrown instanceof Failure)) throw thrown;
  // Without a domain of ours an `unknown` would be an accident, whose text must not get out.
  const { code, message, info = { domain: 'live.room' } } = thrown;
  throw new errors.StatusError(errors.codeOfGrpcStatus(code), message, info);
}

async function* failing<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    fail(error);
  }
}
