import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createCodecs, plainCodecs } from '../../src/rpc/codec/codecs.ts';
import {
  ChatMessageSchema,
  Gift_Kind,
  GiftSchema,
  RankingSchema,
  RoomSchema,
  SampleSchema,
} from './gen/flotilla/bench/v1/shapes_pb.ts';
import type { Shape } from './rows.ts';

interface Works {
  encode(): Uint8Array;
  decode(): unknown;
}

export type Shapes = Readonly<Record<Shape, Works>>;

/** What a codec does with a message of each shape. */
export async function shapeWorks(who: 'ours' | 'protobuf-es' | 'protobufjs'): Promise<Shapes> {
  if (who === 'protobufjs') return staticWorks();
  const codecs = who === 'ours' ? createCodecs() : plainCodecs;
  return eachShape((shape) => {
    const { schema, message } = messages[shape];
    const codec = codecs.codec(schema);
    const bytes = bytesOf(shape);
    return { encode: () => codec.encode(message), decode: () => codec.decode(bytes) };
  });
}

/** protobufjs with messages of its own classes, as it decodes them: 64-bit numbers are Longs there. */
async function staticWorks(): Promise<Shapes> {
  const { staticTypes } = await import('../peers/rpc/static-code.ts');
  const types = await staticTypes('shapes');
  return eachShape((shape) => {
    const type = types[messages[shape].schema.name]!;
    const bytes = bytesOf(shape);
    const message = type.decode(bytes);
    return { encode: () => type.encode(message).finish(), decode: () => type.decode(bytes) };
  });
}

export function bytesOf(shape: Shape): Uint8Array {
  return toBinary(messages[shape].schema, messages[shape].message);
}

function eachShape(works: (shape: Shape) => Works): Shapes {
  return {
    flat: works('flat'),
    chat: works('chat'),
    nested: works('nested'),
    list: works('list'),
    mixed: works('mixed'),
  };
}

function made<D extends DescMessage>(schema: D, fields: MessageInitShape<D>) {
  return { schema: schema as DescMessage, message: create(schema, fields) };
}

const gift = { id: 90_071_992n, coins: 1500, count: 3, combo: true, sender: 'user-8c1f29e4', kind: Gift_Kind.ROSE };

const messages: Readonly<Record<Shape, ReturnType<typeof made>>> = {
  flat: made(GiftSchema, { ...gift, weight: 0.75 }),
  chat: made(ChatMessageSchema, {
    id: 1_234_567_890_123n,
    room: 'room-4711',
    user: 'user-8c1f29e4',
    displayName: 'Ada von Lovelace-Königsberg',
    text: 'see you all at nine, and bring the good headphones: the new speakers in the hall are not set up yet',
    mentions: ['user-02b7', 'user-77d0'],
    sentAtMs: 1_790_000_000_000n,
    replyTo: 'msg-9c81',
  }),
  nested: made(RoomSchema, {
    id: 'room-4711',
    owner: { id: 42n, name: 'Ada Lovelace', address: { country: 'GBR', city: 'London', zone: 3 } },
    labels: { tier: 'gold', region: 'eu-west-1', team: 'live', app: 'rooms' },
    limits: {
      chat: { perSecond: 5, burst: 20 },
      gift: { perSecond: 2, burst: 10 },
      join: { perSecond: 100, burst: 500 },
    },
    settings: {
      isOpen: true,
      moderators: ['user-02b7', 'user-77d0', 'user-8c1f'],
      joins: { perSecond: 50, burst: 50 },
    },
  }),
  list: made(RankingSchema, {
    room: 'room-4711',
    entries: Array.from({ length: 100 }, (_, index) => ({
      position: index + 1,
      name: `user-${(index * 7919).toString(16)}`,
      coins: BigInt(1_000_000 - index * 9973),
    })),
  }),
  mixed: made(SampleSchema, {
    traceIdHigh: 0x0af7651916cd43ddn,
    traceIdLow: 0x8448eb211c80319cn,
    delta: -17,
    drift: -123_456_789n,
    ratio: 0.5,
    values: [0.1, 2.5, 1e6, -3.25, 8, 13.37, 21, 34.5],
    buckets: [0, 3, 17, 250, 4000, 120, 9, 1],
    counts: [1n, 128n, 70_000n, 5_000_000_000n],
    payload: Uint8Array.from({ length: 64 }, (_, index) => index * 3),
    start: timestampFromMs(1_790_000_000_123),
    end: timestampFromMs(1_790_000_000_456),
    source: { case: 'gift', value: gift },
  }),
};
