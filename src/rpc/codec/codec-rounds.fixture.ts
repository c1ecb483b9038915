import assert from 'node:assert/strict';
import { type DescMessage, fromBinary, getExtension, type Message, setExtension, toBinary } from '@bufbuild/protobuf';
import { CompiledCodecs } from './compiled-codec.ts';
import { withoutMisplaced } from './misplaced.fixture.ts';
import { below, type Random, randomExtension, randomMessage } from './random-messages.fixture.ts';
import { messageTypesOf, randomRegistry } from './random-types.fixture.ts';

/** Of each type: making the functions of one takes as long as some hundred messages. */
const messagesPerType = 50;

/** Has `messages` random messages of random types encoded and decoded, as the library does. Fails with the round. */
export function sameBytesAndValues(random: Random, messages: number): void {
  for (let done = 0, round = 0; done < messages; round++) {
    const codecs = new CompiledCodecs();
    const registry = randomRegistry(random);
    const extensions = [...registry].filter((type) => type.kind === 'extension');
    for (const desc of messageTypesOf(registry)) {
      const codec = codecs.codec(desc);
      for (let n = 0; n < messagesPerType; n++, done++) {
        const message = randomMessage(random, desc);
        for (const extension of extensions)
          if (extension.extendee === desc)
            setExtension(message, extension, randomExtension(random, extension) as never);
        const wanted = toBinary(desc, message);

        const bytes = codec.encode(message);
        const read = codec.decode(wanted);

        assert.equal(Buffer.compare(bytes, wanted), 0, `round ${round}: ${Buffer.from(wanted).toString('hex')}`);
        assert.deepStrictEqual(read, fromBinary(desc, wanted), `round ${round}`);
        for (const extension of extensions)
          if (extension.extendee === desc)
            assert.deepStrictEqual(getExtension(read, extension), getExtension(message, extension), `round ${round}`);
      }
    }
  }
}

/** What became of bytes that are nearly those of messages. */
export interface Readings {
  /** As the library reads them. */
  read: number;
  refused: number;
  /** Among those that were read: with fields in a foreign wire type, which the library takes for their own. */
  misplaced: number;
}

/** Has bytes that were joined, cut or changed decoded, as the library does, or refused. Fails with the bytes. */
export function sameReadings(random: Random, messages: number): Readings {
  const counts = { read: 0, refused: 0, misplaced: 0 };
  for (let done = 0, round = 0; done < messages; round++) {
    const codecs = new CompiledCodecs();
    const registry = randomRegistry(random);
    const types = messageTypesOf(registry);
    const desc = types[0]!;
    const all = [...registry].filter((type) => type.kind === 'message');
    const own = new Map(all.map((type) => [type.typeName, new Set(type.fields.map(({ number }) => number))]));
    for (let n = 0; n < messagesPerType; n++, done++) {
      const bytes = damaged(random, desc, types.at(-1)!);
      const placed = attempt(() => withoutMisplaced(desc, bytes));

      const ours = attempt(() => codecs.codec(desc).decode(bytes));

      const context = `round ${round}: ${Buffer.from(bytes).toString('hex')}`;
      if (ours instanceof Error) {
        assert.ok(ours instanceof RangeError, `${context}: ${ours.stack}`);
        counts.refused++;
        continue;
      }
      if (placed instanceof Error) assert.fail(context);
      assert.deepEqual(plain(ours, own), plain(fromBinary(desc, placed), own), context);
      counts.read++;
      if (placed.length !== bytes.length) counts.misplaced++;
    }
  }
  return counts;
}

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
