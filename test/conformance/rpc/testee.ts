import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type {
  ChatRequestSchema,
  ChatResponseSchema,
  GetRoomRequestSchema,
  GetRoomResponseSchema,
  UploadMessagesRequestSchema,
  UploadMessagesResponseSchema,
  WatchRoomRequestSchema,
  WatchRoomResponseSchema,
} from '../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';

/** A server of RoomService, of any make, on a port of its own. */
export interface Testee extends AsyncDisposable {
  readonly url: string;
  /** Resolves when a call hangs. */
  readonly started: Promise<void>;
  /** Resolves when a call that hung was ended. */
  readonly ended: Promise<void>;
}

/** How a server of another make is started. */
export interface TesteeOptions {
  /** Answers in gzip where the caller takes it. Default: as the server does by itself. */
  readonly gzip?: boolean;
}

export type Told = Readonly<Record<string, string | Uint8Array>>;

/** What a handler knows of its call, whatever the server. */
export interface Heard {
  /** By lower-case name, as on the wire; of `-bin` names in base64 without padding. */
  header(name: string): string | undefined;
  /** Sets metadata of the answer; of `-bin` names bytes. */
  tell(headers: Told, trailers: Told): void;
  /** Undefined without a deadline. */
  leftMs(): number | undefined;
  readonly signal: AbortSignal;
}

/** What a handler fails with; each server turns it into an error of its own. */
export class Failure extends Error {
  /** A gRPC status. */
  readonly code: number;
  readonly info: { reason: string; domain: string; metadata: Record<string, string> } | undefined;

  constructor(code: number, message: string, info?: Failure['info']) {
    super(message);
    this.code = code;
    this.info = info;
  }
}

/** With all that headers make difficult: percent signs, quotes, other alphabets. */
export const closed = () =>
  new Failure(9, 'room “7” is closed: 100 % 中', {
    reason: 'ROOM_CLOSED',
    domain: 'live.room',
    metadata: { id: '7', title: 'Zürich 中' },
  });

/** RoomService as all the servers implement it. */
export interface TestHandlers {
  getRoom(
    input: MessageShape<typeof GetRoomRequestSchema>,
    heard: Heard,
  ): Promise<MessageInitShape<typeof GetRoomResponseSchema>>;
  watchRoom(
    input: MessageShape<typeof WatchRoomRequestSchema>,
    heard: Heard,
  ): AsyncGenerator<MessageInitShape<typeof WatchRoomResponseSchema>>;
  uploadMessages(
    inputs: AsyncIterable<MessageShape<typeof UploadMessagesRequestSchema>>,
    heard: Heard,
  ): Promise<MessageInitShape<typeof UploadMessagesResponseSchema>>;
  chat(
    inputs: AsyncIterable<MessageShape<typeof ChatRequestSchema>>,
    heard: Heard,
  ): AsyncGenerator<MessageInitShape<typeof ChatResponseSchema>>;
}

/** The handlers, which do what the `id` (or the first text) says, and when one of them that hung was ended. */
export function testHandlers(): { readonly handlers: TestHandlers } & Pick<Testee, 'started' | 'ended'> {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const hang = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      start();
      const end = () => {
        resolve();
        reject(new Failure(1, 'ended'));
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
  const handlers: TestHandlers = {
    async getRoom({ id, house, padding }, heard) {
      if (id.startsWith('code ')) throw new Failure(Number(id.slice(5)), `the status ${id.slice(5)}`);
      switch (id) {
        case 'empty':
          return {};
        case 'closed':
          throw closed();
        case 'fields':
          return { room: { title: fieldsOf(heard) } };
        case 'metadata':
          tellAll(heard);
          return {};
        case 'metadata of an error':
          tellAll(heard);
          throw closed();
        case 'left':
          return { room: { title: String(heard.leftMs()) } };
        case 'hang':
          return hang(heard.signal);
        default:
          return { room: { id, title: house }, padding };
      }
    },
    async *watchRoom({ id, count }, heard) {
      const { signal } = heard;
      if (id.startsWith('metadata')) tellAll(heard);
      for (let number = 1; number <= count; number++) yield id === 'empty' ? {} : { number };
      if (id === 'closed' || id === 'metadata of an error') throw closed();
      if (id === 'hang') await hang(signal);
    },
    async uploadMessages(inputs) {
      const all = (await Array.fromAsync(inputs)).map(({ text }) => text);
      return { count: all.length, last: all.at(-1) ?? '' };
    },
    async *chat(inputs) {
      const held: string[] = [];
      let holds = false;
      for await (const { text } of inputs) {
        holds ||= text === 'hold';
        if (holds) held.push(text);
        else yield { text: text.toUpperCase() };
        if (text === 'leave') return;
      }
      for (const text of held) yield { text };
    },
  };
  return { handlers, started, ended };
}

/** Back with all that came. */
function tellAll({ header, tell }: Heard): void {
  const bytes = Buffer.from(header('x-raw-bin') ?? '', 'base64');
  tell(
    { 'x-head': header('x-key') ?? '', 'x-head-bin': bytes },
    { 'x-tail': header('x-key') ?? '', 'x-tail-bin': bytes },
  );
}

function fieldsOf({ header }: Heard): string {
  const tenant = decodeURIComponent(header('flotilla-tenant') ?? '');
  const [, traceId] = (header('traceparent') ?? '').split('-');
  return [tenant, header('flotilla-priority'), traceId, /shelf=(\d+)/.exec(header('baggage') ?? '')?.[1]].join(' ');
}
