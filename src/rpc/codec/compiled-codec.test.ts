import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { CompiledCodecs } from './compiled-codec.ts';
import { withoutMisplaced } from './misplaced.fixture.ts';
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
  const counts = { read: 0, refused: 0, misplaced: 0 };
  for (let round = 0; round < 300; round++) {
    const codecs = new CompiledCodecs();
    const types = randomTypes(random);
    const desc = types[0]!;
    const own = new Map(types.map((type) => [type.typeName, new Set(type.fields.map(({ number }) => number))]));
    for (let n = 0; n < 8; n++) {
      const bytes = damaged(random, desc, types.at(-1)!);
      const placed = attempt(() => withoutMisplaced(desc, bytes));

      const ours = attempt(() => codecs.codec(desc).decode(bytes));
      const theirs = attempt(() => fromBinary(desc, placed instanceof Error ? bytes : placed));

      const context = `round ${round}: ${Buffer.from(bytes).toString('hex')}`;
      if (ours instanceof Error) {
        assert.ok(ours instanceof RangeError, `${context}: ${ours.stack}`);
        counts.refused++;
      } else {
        assert.ok(!(placed instanceof Error || theirs instanceof Error), context);
        assert.deepEqual(plain(ours, own), plain(theirs, own), context);
        counts.read++;
        if (placed.length !== bytes.length) counts.misplaced++;
      }
    }
  }
  assert.ok(counts.read > 500 && counts.refused > 200 && counts.misplaced > 0, JSON.stringify(counts));
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

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

/** What deepEqual compares; without the unknown fields that have a number of the message's `own`. */
function plain(value: unknown, own: ReadonlyMap<string, ReadonlySet<number>>): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map((item) => plain(item, own));
  if (typeof value !== 'object' || value === null) return value;
  const { $typeName = '', $unknown, ...rest } = value as Partial<Message>;
  const unknown = $unknown?.filter(({ no }) => own.get($typeName)?.has(no) !== true) ?? [];
  const entries = Object.entries({ ...rest, $typeName, ...(unknown.length > 0 && { $unknown: unknown }) });
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner, own)]));
}
