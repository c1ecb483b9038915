import type { ServiceHandlers } from '../implementation.ts';
import type { RoomService } from './gen/flotilla/test/v1/room_pb.ts';

export type RoomHandlers = ServiceHandlers<typeof RoomService>;

/** Answers that tests replace one by one. */
export const roomHandlers: RoomHandlers = {
  async getRoom(_ctx, { id }) {
    return { room: { id, title: `room ${id}` } };
  },
  async createRoom(_ctx, { room }) {
    return room === undefined ? {} : { room };
  },
  async closeRoom(_ctx, { id }) {
    return { room: { id, state: 2 } };
  },
  async *watchRoom(_ctx, { id, count }) {
    for (let number = 1; number <= count; number++) yield { number, text: `${id} ${number}` };
  },
  async uploadMessages(_ctx, requests) {
    let count = 0;
    let last = '';
    for await (const { text } of requests) {
      count++;
      last = text;
    }
    return { count, last };
  },
  async *chat(_ctx, requests) {
    for await (const { text } of requests) yield { text: text.toUpperCase() };
  },
};
