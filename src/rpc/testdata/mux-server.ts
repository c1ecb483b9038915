/** A server that never answers: says its URL, then `started` for every call that reaches a handler. */
import { background } from '../../concurrency/index.ts';
import { tcpListener } from '../../net/tcp/index.ts';
import { implement } from '../implementation.ts';
import { createRpcServer } from '../server.ts';
import { hanging } from './calls.ts';
import { RoomService } from './gen/flotilla/test/v1/room_pb.ts';
import { roomHandlers } from './room-handlers.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);
const handlers = { ...roomHandlers, ...hanging(undefined, () => say('started')) };
const server = createRpcServer({
  name: 'room',
  listener: tcpListener({ port: 0 }),
  services: [implement(RoomService, handlers)],
  guard: false,
  timeoutMs: 0,
});
const [endpoint] = await server.start(background());
say(endpoint!.url);
