import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { CompiledCodecs } from './compiled-codec.ts';
import { below, type Random, randomMessage, randomTypes, seeded } from './random-messages.fixture.ts';

const seed = Number(process.env.FLOTILLA_CODEC_SEED ?? Date.now() % 2 ** 31);

test(`random messages of random types have the library's bytes and values (seed ${seed})`, () => {
  const random = seeded(seed);
  for (let round = 0; round < 300; round++) {
    const codecs = new CompiledCodecs();
    for (const desc of randomTypes(random)) {
      const codec = codecs.codec(desc);
      for (let n = 0; n < 8; n++) {
        const message = randomMessage(random, desc);
        const wanted = toBinary(desc, message);

        const bytes = codec.encode(message);

        assert.deepEqual(Buffer.from(bytes), Buffer.from(wanted), `round ${round}`);
        assert.deepStrictEqual(codec.decode(wanted), fromBinary(desc, wanted), `round ${round}`);
      }
    }
  }
});

test(`bytes that are joined, cut or changed are read as the library reads them, or refused (seed ${seed})`, () => {
  const random = seeded(seed + 1);
  const counts = { same: 0, refused: 0, misplaced: 0 };
  for (let round = 0; round < 300; round++) {
    const codecs = new CompiledCodecs();
    const types = randomTypes(random);
    const desc = types[0]!;
    const numbers = new Set(types.flatMap((type) => type.fields.map((field) => field.number)));
    for (let n = 0; n < 8; n++) {
      const bytes = damaged(random, desc, types.at(-1)!);

      const ours = attempt(() => codecs.codec(desc).decode(bytes));
      const theirs = attempt(() => fromBinary(desc, bytes));

      const context = `round ${round}: ${Buffer.from(bytes).toString('hex')}`;
      if (ours instanceof Error) {
        assert.ok(ours instanceof RangeError, `${context}: ${ours.stack}`);
        counts.refused++;
      } else if (!(theirs instanceof Error) && isDeepStrictEqual(plain(ours), plain(theirs))) counts.same++;
      else {
        // Either reads a field that came in another wire type than its own as if it had its own; so may they fail at it.
        assert.ok(theirs instanceof Error || keepsOneOf(ours, numbers), context);
        counts.misplaced++;
      }
    }
  }
  assert.ok(counts.same > 500 && counts.refused > 200 && counts.misplaced < 100, JSON.stringify(counts));
});

test('refuses what is nested too deep, and lengths beyond the end, without allocating', () => {
  const types = randomTypes(seeded(3));
  const desc = types.find(({ fields }) => fields.some((field) => field.fieldKind === 'message'))!;
  const field = desc.fields.find((one) => one.fieldKind === 'message' && one.message === desc) ?? desc.fields[0]!;
  const codec = new CompiledCodecs().codec(desc);
  const tag = (field.number << 3) | 2;

  assert.throws(() => codec.decode(Uint8Array.of(tag, 0xff, 0xff, 0xff, 0xff, 0x0f)), RangeError);
  assert.throws(() => codec.decode(Uint8Array.of(tag, 0x80)), RangeError);
});

/** Two messages behind each other are one, merged; or not quite. */
function damaged(random: Random, desc: DescMessage, other: DescMessage): Uint8Array {
  const parts = [desc, ...(random() < 0.2 ? [other] : []), desc];
  const joined = Buffer.concat(parts.map((type) => toBinary(type, randomMessage(random, type))));
  if (random() < 0.5 && joined.length > 0) joined[below(random, joined.length)] = below(random, 256);
  const end = random() < 0.2 ? below(random, joined.length + 1) : joined.length;
  return new Uint8Array(joined.subarray(0, end));
}

function keepsOneOf(value: unknown, numbers: ReadonlySet<number>): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  const { $unknown = [] } = value as Partial<Message>;
  return $unknown.some(({ no }) => numbers.has(no)) || Object.values(value).some((inner) => keepsOneOf(inner, numbers));
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, plain(inner)]),
    );
  }
  return value;
}
