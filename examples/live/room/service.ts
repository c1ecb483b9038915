import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Implementation, implement } from 'flotilla/rpc';
import { callerOf, tenantOf } from '../caller.ts';
import { RoomService, RoomState as RoomStateEnum } from '../gen/live/room/v1/room_pb.ts';
import {
  type Gift,
  type Message,
  type Room,
  RoomErrors,
  type RoomEvent,
  type RoomState,
  type Rooms,
} from './domain.ts';

/** The room domain as an RPC service. */
export function roomService(rooms: Rooms): Implementation {
  return implement(RoomService, {
    async createRoom(ctx, { title }) {
      return { room: toRoom(await rooms.create(ctx, callerOf(ctx), title)) };
    },
    async listRooms(ctx, { pageSize, pageToken, state }) {
      const { items, nextPageToken } = await rooms.list(ctx, tenantOf(ctx), {
        state: fromState(state),
        size: pageSize,
        token: pageToken,
      });
      return { rooms: items.map(toRoom), nextPageToken };
    },
    async getRoom(ctx, { id }) {
      return { room: toRoom(await rooms.get(ctx, tenantOf(ctx), id)) };
    },
    async openRoom(ctx, { id }) {
      return { room: toRoom(await rooms.setState(ctx, callerOf(ctx), id, 'open')) };
    },
    async closeRoom(ctx, { id }) {
      return { room: toRoom(await rooms.setState(ctx, callerOf(ctx), id, 'closed')) };
    },
    async postMessage(ctx, { roomId, text }) {
      return { message: toMessage(await rooms.post(ctx, callerOf(ctx), roomId, text)) };
    },
    async listMessages(ctx, { roomId, pageSize, pageToken }) {
      const { items, nextPageToken } = await rooms.messages(ctx, tenantOf(ctx), roomId, pageSize, pageToken);
      return { messages: items.map(toMessage), nextPageToken };
    },
    async publishEvent(ctx, { roomId, eventKey, happened }) {
      if (happened.case !== 'gift') throw RoomErrors.INVALID_EVENT('the event says nothing; give a gift');
      const { senderId, senderName, gift, count, coins } = happened.value;
      const event = { senderId, senderName, gift, count, coins: Number(coins) };
      return { eventId: String(await rooms.publishGift(ctx, tenantOf(ctx), roomId, eventKey, event)) };
    },
    async *watch(ctx, { roomId, afterEventId }) {
      const afterSeq = afterEventId === '' ? undefined : seqOf(afterEventId);
      for await (const { event, room } of rooms.watch(ctx, tenantOf(ctx), roomId, afterSeq)) {
        yield event === undefined ? {} : { event: toEvent(event, room) };
      }
    },
  });
}

function seqOf(eventId: string): number {
  if (/^\d{1,15}$/.test(eventId)) return Number(eventId);
  throw RoomErrors.INVALID_EVENT(`the event id ${JSON.stringify(eventId.slice(0, 40))} is not one that Watch gave`);
}

function toRoom({ id, title, hostId, state, createdMs }: Room) {
  return { id, title, hostId, state: toState(state), createTime: timestampFromMs(createdMs) };
}

function toMessage({ id, roomId, authorId, authorName, text, createdMs }: Message) {
  return { id, roomId, authorId, authorName, text, createTime: timestampFromMs(createdMs) };
}

function toGift({ senderId, senderName, gift, count, coins }: Gift) {
  return { senderId, senderName, gift, count, coins: BigInt(coins) };
}

function toEvent(event: RoomEvent, room: Room) {
  return {
    id: String(event.seq),
    roomId: event.roomId,
    time: timestampFromMs(event.createdMs),
    happened: toHappened(event, room),
  };
}

function toHappened(event: RoomEvent, room: Room) {
  switch (event.kind) {
    case 'message':
      return { case: 'message' as const, value: toMessage(event.message) };
    case 'gift':
      return { case: 'gift' as const, value: toGift(event.gift) };
    case 'state':
      return { case: 'room' as const, value: toRoom(room) };
  }
}

function toState(state: RoomState): RoomStateEnum {
  return state === 'open' ? RoomStateEnum.OPEN : RoomStateEnum.CLOSED;
}

function fromState(state: RoomStateEnum): RoomState | undefined {
  if (state === RoomStateEnum.OPEN) return 'open';
  return state === RoomStateEnum.CLOSED ? 'closed' : undefined;
}
