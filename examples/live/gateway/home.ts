import { compose, type Gateway, messageJson, optional, required } from 'flotilla/edge/gateway';
import { AccountSchema, AccountService } from '../gen/live/account/v1/account_pb.ts';
import { RankingEntrySchema, RankService } from '../gen/live/rank/v1/rank_pb.ts';
import { MessageSchema, RoomSchema, RoomService } from '../gen/live/room/v1/room_pb.ts';

const messagesShown = 30;
const sendersShown = 10;
/** A page that is whole but slow is worse than one that is quick and says what it lacks. */
const patienceMs = 800;

/**
 * `GET /v1/rooms/{id}/home`: all that a page shows when somebody enters a room, in one answer. Room, messages and ranking
 * are asked for at the same time, the host as soon as the room is known. Without the room there is no answer; the others
 * may be late or down, and then stand in `missing`.
 */
export function addHome(gateway: Gateway): void {
  const rooms = gateway.client(RoomService);
  const accounts = gateway.client(AccountService);
  const ranks = gateway.client(RankService);

  gateway.route(
    'GET',
    '/v1/rooms/:id/home',
    {
      access: 'optional',
      describe: {
        operationId: 'GetRoomHome',
        description:
          'All that a page shows of a room: the room, its host, the latest messages and the top senders of gifts. A part ' +
          'that is late or down is left out and named in `missing`.',
        response: homeSchema,
      },
    },
    async (ctx, { params: { id } }) => {
      const room = required(async (part) => (await rooms.getRoom(part, { id })).room);
      const host = optional(async (part, needed) => {
        const hostId = (await needed(room))?.hostId ?? '';
        return (await accounts.getAccount(part, { id: hostId })).account;
      });
      const messages = optional(async (part) => {
        return (await rooms.listMessages(part, { roomId: id, pageSize: messagesShown })).messages;
      });
      const ranking = optional(async (part) => {
        return (await ranks.getRanking(part, { roomId: id, limit: sendersShown })).entries;
      });

      const { values, missing } = await compose(ctx, { room, host, messages, ranking }, { timeoutMs: patienceMs });

      return {
        room: values.room && messageJson(RoomSchema, values.room),
        host: values.host && messageJson(AccountSchema, values.host),
        messages: values.messages?.map((message) => messageJson(MessageSchema, message)),
        ranking: values.ranking?.map((entry) => messageJson(RankingEntrySchema, entry)),
        missing,
      };
    },
  );
}

const homeSchema = {
  type: 'object',
  title: 'RoomHome',
  properties: {
    room: RoomSchema,
    host: AccountSchema,
    messages: { type: 'array', items: MessageSchema, description: 'The latest, newest first.' },
    ranking: { type: 'array', items: RankingEntrySchema, description: 'The top senders, most coins first.' },
    missing: {
      type: 'array',
      items: { type: 'string', enum: ['host', 'messages', 'ranking'] },
      description: 'The parts that are not here this time.',
    },
  },
  required: ['room', 'missing'],
};
