import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescMessage } from '@bufbuild/protobuf';
import { ListValueSchema, ValueSchema } from '@bufbuild/protobuf/wkt';
import { sameBytesAndValues, sameReadings } from './codec-rounds.fixture.ts';
import { CompiledCodecs } from './compiled-codec.ts';
import { seeded } from './random-messages.fixture.ts';
import { messageTypesOf, randomRegistry } from './random-types.fixture.ts';

const seed = Number(process.env.FLOTILLA_CODEC_SEED ?? Date.now() % 2 ** 31);
// `test/soak/codec.test.ts` has a hundred times as many.
const messages = 100_000;

test(`${messages} random messages of random types have the library's bytes and values (seed ${seed})`, () => {
  sameBytesAndValues(seeded(seed), messages);
});

test(`bytes that are joined, cut or changed are read as the library reads them, or refused (seed ${seed})`, () => {
  const { read, refused, misplaced } = sameReadings(seeded(seed + 1), messages / 5);

  assert.ok(
    read > messages / 20 && refused > messages / 50 && misplaced > 0,
    JSON.stringify({ read, refused, misplaced }),
  );
});

test('refuses what is nested too deep, and lengths beyond the end, without allocating', () => {
  const types = messageTypesOf(randomRegistry(seeded(3)));
  const desc = types.find(({ fields }) => fields.some((field) => field.fieldKind === 'message'))!;
  const field = desc.fields.find((one) => one.fieldKind === 'message' && one.message === desc) ?? desc.fields[0]!;
  const codec = new CompiledCodecs().codec(desc);
  const tag = (field.number << 3) | 2;

  assert.throws(() => codec.decode(Uint8Array.of(tag, 0xff, 0xff, 0xff, 0xff, 0x0f)), RangeError);
  assert.throws(() => codec.decode(Uint8Array.of(tag, 0x80)), RangeError);
});

const mebibyte = 1 << 20;
const repeated = (bytes: readonly number[]) => Buffer.alloc(mebibyte, Uint8Array.from(bytes));
const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]);
/** A Value that is a list of one Value, and so on. */
const nested = (levels: number): Uint8Array => {
  let bytes: number[] = [];
  for (let i = 0; i < levels; i++) {
    bytes = [0x0a, ...varint(bytes.length), ...bytes];
    bytes = [0x32, ...varint(bytes.length), ...bytes];
  }
  return Uint8Array.from(bytes);
};

const hostile: readonly (readonly [string, typeof ValueSchema | typeof ListValueSchema, Uint8Array, boolean])[] = [
  ['as many empty messages as fit', ListValueSchema, repeated([0x0a, 0x00]), true],
  ['a message that comes in as many parts as fit', ValueSchema, repeated([0x32, 0x02, 0x0a, 0x00]), true],
  ['as many unknown fields as fit', ValueSchema, repeated([0x78, 0x01]), true],
  ['as many groups within each other as fit', ValueSchema, repeated([0x7b]), false],
  ['lists within each other, 2,000 levels', ValueSchema, nested(2000), false],
  ['lists within each other, 49 levels', ValueSchema, nested(49), true],
  ['a list said to have 4 GiB', ListValueSchema, Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f), false],
  ['a text said to have 4 GiB', ValueSchema, Uint8Array.of(0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f), false],
  ['numbers that do not end', ValueSchema, repeated([0x80]), false],
];

for (const [what, schema, bytes, isMessage] of hostile)
  test(`${what}: ${isMessage ? 'read' : 'refused'}, with memory in proportion`, { timeout: 60_000 }, () => {
    const codec = new CompiledCodecs().codec<DescMessage>(schema);
    const before = process.memoryUsage().heapUsed;

    if (isMessage) codec.decode(bytes);
    else assert.throws(() => codec.decode(bytes), RangeError);

    // What garbage there is in between counts, too.
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 8 * mebibyte + 200 * bytes.length, `${grown} bytes more`);
  });
