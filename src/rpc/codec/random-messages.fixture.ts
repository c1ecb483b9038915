import {
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';

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

/** A message of the type, as a program would make it. */
export function randomMessage(random: Random, desc: DescMessage, depth = 3): Message {
  const init: Record<string, unknown> = {};
  for (const member of desc.members) {
    if (random() < 0.25 && !isRequired(member)) continue;
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

/** What an extension may be set to. */
export function randomExtension(random: Random, extension: DescExtension): unknown {
  const field = extension as unknown as DescField;
  if (extension.fieldKind === 'list')
    return Array.from({ length: below(random, 3) }, () => randomValue(random, field, 1));
  if (extension.message !== undefined && isWrapperDesc(extension.message))
    return randomScalar(random, extension.message.fields[0]!.scalar as ScalarType);
  return randomValue(random, field, 1);
}

/** google.protobuf.FeatureSet.FieldPresence.LEGACY_REQUIRED */
function isRequired(member: DescMessage['members'][number]): boolean {
  return member.kind === 'field' && member.presence === 3;
}

function randomValue(random: Random, field: DescField, depth: number): unknown {
  if (field.message !== undefined) return randomPart(random, field, field.message, depth);
  if (field.enum !== undefined) return pick(random, [...field.enum.values.map(({ number }) => number), 99]);
  const value = randomScalar(random, field.scalar as ScalarType);
  return 'longAsString' in field && field.longAsString ? String(value) : value;
}

/** Of a Struct a program sees JSON, of a wrapper what is in it. */
function randomPart(random: Random, field: DescField, message: DescMessage, depth: number): unknown {
  if (message.typeName === 'google.protobuf.Struct' && field.parent?.typeName !== 'google.protobuf.Value')
    return { text: pick(random, texts.slice(0, -1)), numbers: [random(), null], inner: { isOpen: random() < 0.5 } };
  const isWrapped = field.fieldKind === 'message' && field.oneof === undefined && isWrapperDesc(message);
  if (isWrapped) return randomScalar(random, message.fields[0]!.scalar as ScalarType);
  return randomMessage(random, message, depth - 1);
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
