/** A client that waits for ever: `mux-client.ts URL COUNT` makes so many calls of each kind. */
import { background } from '../../concurrency/index.ts';
import { staticResolver } from '../../discovery/index.ts';
import { createRpcClient } from '../client.ts';
import { callsOfEachKind } from './calls.ts';
import { RoomService } from './gen/flotilla/test/v1/room_pb.ts';

const [url = '', count] = process.argv.slice(2);
const resolver = staticResolver({ room: [url] });
const client = createRpcClient(RoomService, { target: 'room', resolver, protocol: 'mux', guard: false, timeoutMs: 0 });
for (let made = 0; made < Number(count); made++) {
  for (const call of Object.values(callsOfEachKind)) call(client, background()).catch(() => {});
}
