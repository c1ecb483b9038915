import { type Gateway, messageJson } from 'flotilla/edge/gateway';
import { events, type ServerSentEvent } from 'flotilla/net/http';
import { z } from 'zod';
import { RoomEventSchema, RoomService, type WatchResponse } from '../gen/live/room/v1/room_pb.ts';

/** How long a browser waits before it comes back to a stream that broke. */
const retryMs = 1_000;

/** The id of the last event that a browser has seen, as it sends it back when it comes again. */
const lastEventId = z.string().regex(/^\d{0,19}$/, 'not the id of an event');

/**
 * `GET /v1/rooms/{id}/events`: what happens in a room, as server-sent events, for as long as the reader stays. A browser that
 * lost the stream comes back with Last-Event-ID by itself, and gets what it missed.
 */
export function addEvents(gateway: Gateway): void {
  const rooms = gateway.client(RoomService);
  gateway.route(
    'GET',
    '/v1/rooms/:id/events',
    {
      access: 'optional',
      timeoutMs: 0,
      query: z.object({ after: lastEventId.optional().describe('Go on after this event. Default: from now on.') }),
      headers: z.object({ 'last-event-id': lastEventId.optional() }),
      describe: {
        operationId: 'WatchRoom',
        description:
          'What happens in a room, as it happens. The event `ready` says that nothing from now on will be missed; then come ' +
          '`message`, `gift` and `room`, each with its id and, as data, a RoomEvent. Send the last id as `Last-Event-ID` or ' +
          '`after` to go on where a stream broke.',
        response: RoomEventSchema,
        contentType: 'text/event-stream',
      },
    },
    async (ctx, { params: { id }, query, headers }) => {
      const afterEventId = headers['last-event-id'] || (query.after ?? '');
      const answers = rooms.watch(ctx, { roomId: id, afterEventId })[Symbol.asyncIterator]();
      // What is refused is refused with the first answer, while there still is a status to say it with.
      return events(roomEvents(await answers.next(), answers));
    },
  );
}

async function* roomEvents(
  first: IteratorResult<WatchResponse>,
  answers: AsyncIterator<WatchResponse>,
): AsyncGenerator<ServerSentEvent> {
  try {
    for (let step = first; step.done !== true; step = await answers.next()) {
      const { event } = step.value;
      if (event === undefined) yield { event: 'ready', retryMs, data: {} };
      else yield { event: event.happened.case ?? 'other', id: event.id, data: messageJson(RoomEventSchema, event) };
    }
  } finally {
    await answers.return?.();
  }
}
