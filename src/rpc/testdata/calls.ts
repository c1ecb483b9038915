import { background, type Context } from '../../concurrency/index.ts';
import { defineErrors } from '../../errors/index.ts';
import type { RpcClient } from '../client.ts';
import type { RoomService } from './gen/flotilla/test/v1/room_pb.ts';
import type { RoomHandlers } from './room-handlers.ts';

export const TestErrors = defineErrors('live.room', { ROOM_CLOSED: { code: 'failed_precondition' } });
/** Of a whole suite: it only ends one that hangs. */
export const inTime = { timeout: 60_000 };
export const root = background();

/** One call of each kind, to its end. */
export const callsOfEachKind = {
  unary: (client: RpcClient<typeof RoomService>, ctx: Context) => client.getRoom(ctx, { id: '7' }),
  'server stream': (client, ctx) => Array.fromAsync(client.watchRoom(ctx, { id: '7', count: 2 })),
  'client stream': (client, ctx) => client.uploadMessages(ctx, texts('a', 'b')),
  'bidi stream': (client, ctx) => Array.fromAsync(client.chat(ctx, texts('a', 'b'))),
} satisfies Record<string, (client: RpcClient<typeof RoomService>, ctx: Context) => Promise<unknown>>;

/** Handlers that never answer and do not look at their Context. */
export function hanging(onEnd: ((ctx: Context) => void) | undefined, onStart?: () => void): Partial<RoomHandlers> {
  const hang = (ctx: Context): Promise<never> => {
    onStart?.();
    if (onEnd !== undefined) ctx.onDone(() => onEnd(ctx));
    return new Promise(() => {});
  };
  return {
    getRoom: hang,
    uploadMessages: hang,
    async *watchRoom(ctx) {
      yield await hang(ctx);
    },
    async *chat(ctx) {
      yield await hang(ctx);
    },
  };
}

export async function* texts(...all: string[]): AsyncGenerator<{ text: string }> {
  for (const text of all) yield { text };
}

export async function textsOf(stream: AsyncIterable<{ readonly text: string }>): Promise<string[]> {
  return (await Array.fromAsync(stream)).map(({ text }) => text);
}
