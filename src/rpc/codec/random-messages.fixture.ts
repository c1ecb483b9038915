import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf';
import {
  Edition,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

/** Numbers from 0 to below 1. */
export type Random = () => number;

/** mulberry32 */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const scalars = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 18] as const;
const keys = [3, 4, 5, 6, 7, 8, 9, 13, 15, 16, 17, 18] as const;
const numbers = [1, 2, 3, 4, 5, 6, 7, 15, 16, 100, 2047, 2048, 70_000, 536_870_911];

/** A handful of message types, of a syntax by chance, that refer to each other. */
export function randomTypes(random: Random): readonly DescMessage[] {
  const syntax = pick(random, ['proto3', 'proto3', 'proto2', 'editions'] as const);
  const count = 1 + below(random, 4);
  const messageType = Array.from({ length: count }, (_, index) => randomType(random, index, count, syntax));
  const file = create(FileDescriptorProtoSchema, {
    name: 'random.proto',
    package: 'random',
    syntax,
    ...(syntax === 'editions' && { edition: Edition.EDITION_2023 }),
    messageType,
    enumType: [
      {
        name: 'Colour',
        value: ['RED', 'GREEN', 'BLUE'].map((name, index) => ({ name, number: index === 2 ? -7 : index })),
      },
    ],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  return Array.from({ length: count }, (_, index) => registry.getMessage(`random.M${index}`)!);
}

type Syntax = 'proto3' | 'proto2' | 'editions';

function randomType(random: Random, index: number, count: number, syntax: Syntax) {
  const name = `M${index}`;
  const free = numbers.toSorted(() => random() - 0.5).slice(0, below(random, 9));
  const hasOneof = random() < 0.4;
  const oneofDecl = hasOneof ? [{ name: 'choice' }] : [];
  const nestedType: object[] = [];
  const field = free.map((number, at) => {
    const common = { name: `f_${at}`, number, jsonName: `f${at}` };
    const kind = random();
    if (kind < 0.15) {
      const entry = `F${at}Entry`;
      nestedType.push({
        name: entry,
        options: { mapEntry: true },
        field: [
          { ...single(random, keys, 0, syntax), name: 'key', number: 1, jsonName: 'key' },
          { ...single(random, scalars, count, syntax), name: 'value', number: 2, jsonName: 'value' },
        ],
      });
      return {
        ...common,
        label: FieldDescriptorProto_Label.REPEATED,
        type: FieldDescriptorProto_Type.MESSAGE,
        typeName: `.random.${name}.${entry}`,
      };
    }
    const shape = { ...common, ...single(random, scalars, count, syntax) };
    if (kind < 0.4) return { ...shape, label: FieldDescriptorProto_Label.REPEATED };
    if (hasOneof && kind < 0.6) return { ...shape, oneofIndex: 0 };
    if (syntax === 'proto3' && kind < 0.75) {
      oneofDecl.push({ name: `_f_${at}` });
      return { ...shape, proto3Optional: true, oneofIndex: oneofDecl.length - 1 };
    }
    return shape;
  });
  const usesOneof = field.some((one) => 'oneofIndex' in one && one.oneofIndex === 0);
  if (hasOneof && !usesOneof)
    field.push({ name: 'other', number: 18_000, jsonName: 'other', ...of(5), oneofIndex: 0 } as never);
  return { name, field, nestedType, oneofDecl };
}

function of(type: number) {
  return { label: FieldDescriptorProto_Label.OPTIONAL, type: type as FieldDescriptorProto_Type };
}

function single(random: Random, types: readonly number[], messages: number, syntax: Syntax) {
  if (messages > 0 && random() < 0.25) return { ...of(11), typeName: `.random.M${below(random, messages)}` };
  // Enums of proto2 are closed: the plain codec's.
  if (messages > 0 && random() < 0.1 && syntax !== 'proto2') return { ...of(14), typeName: '.random.Colour' };
  return of(pick(random, types));
}

/** A message of the type, as a program would make it. */
export function randomMessage(random: Random, desc: DescMessage, depth = 3): Message {
  const init: Record<string, unknown> = {};
  for (const member of desc.members) {
    if (random() < 0.25) continue;
    if (member.kind === 'oneof') {
      const field = pick(random, member.fields);
      if (depth > 0 || field.fieldKind !== 'message')
        init[member.localName] = { case: field.localName, value: randomValue(random, field, depth) };
    } else if (member.fieldKind === 'list') {
      init[member.localName] = Array.from({ length: below(random, depth > 0 ? 5 : 1) }, () =>
        randomValue(random, member, depth),
      );
    } else if (member.fieldKind === 'map') {
      const map: Record<string, unknown> = {};
      for (let n = below(random, depth > 0 ? 4 : 1); n > 0; n--) {
        const key = String(randomScalar(random, member.mapKey));
        Object.defineProperty(map, key, {
          value: randomValue(random, member, depth),
          ...{ enumerable: true, configurable: true, writable: true },
        });
      }
      init[member.localName] = map;
    } else if (member.fieldKind !== 'message' || depth > 0) {
      init[member.localName] = randomValue(random, member, depth);
    }
  }
  return create(desc, init as never);
}

function randomValue(random: Random, field: DescField, depth: number): unknown {
  if (field.message !== undefined) return randomMessage(random, field.message, depth - 1);
  if (field.enum !== undefined) return pick(random, [...field.enum.values.map(({ number }) => number), 99]);
  return randomScalar(random, field.scalar as ScalarType);
}

const texts = [
  '',
  'a',
  'hello',
  '__proto__',
  'größe',
  '漢字',
  '😀 and more',
  'x'.repeat(40),
  'y'.repeat(200),
  'é'.repeat(70),
  '\ud800',
];

function randomScalar(random: Random, type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return pick(random, texts);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: pick(random, [0, 1, 5, 127, 128, 300]) }, () => below(random, 256));
    case ScalarType.BOOL:
      return random() < 0.5;
    case ScalarType.DOUBLE:
      return pick(random, [0, -0, 1.5, -1e300, Number.NaN, Number.POSITIVE_INFINITY, random()]);
    case ScalarType.FLOAT:
      return pick(random, [0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, Math.fround(random())]);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return pick(random, [0, 1, -1, 127, 128, 2 ** 31 - 1, -(2 ** 31), Math.floor((random() - 0.5) * 2 ** 32)]);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return pick(random, [0, 1, 127, 128, 16_383, 16_384, 2 ** 32 - 1, Math.floor(random() * 2 ** 32)]);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return pick(random, [0n, 1n, 127n, 2n ** 28n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]);
    default:
      return pick(random, [
        0n,
        1n,
        -1n,
        2n ** 31n,
        -(2n ** 31n),
        2n ** 53n + 1n,
        -(2n ** 53n) - 1n,
        2n ** 63n - 1n,
        -(2n ** 63n),
      ]);
  }
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)]!;
}
