import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { CollectorErrors } from '../collector-errors.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { readLogs } from './read-logs.ts';
import { readMetrics } from './read-metrics.ts';
import { readTraces } from './read-traces.ts';

const read = { traces: readTraces, logs: readLogs, metrics: readMetrics };

/** Nothing but MALFORMED_OTLP may come out of bytes, whatever they are. */
function holds(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    assert.equal((error as { reason?: string }).reason, CollectorErrors.MALFORMED_OTLP.reason, String(error));
  }
}

describe('ProtobufReader', () => {
  it('reads back what protobuf-es writes', () => {
    const values = fc.record({
      uint: fc.maxSafeNat(),
      int: fc.maxSafeInteger(),
      fixed: fc.maxSafeNat(),
      signed: fc.maxSafeInteger(),
      double: fc.double({ noNaN: true }),
      text: fc.string({ unit: 'grapheme' }),
      bytes: fc.uint8Array(),
    });
    fc.assert(
      fc.property(values, (it) => {
        const writer = new BinaryWriter().uint64(it.uint).int64(it.int).fixed64(it.fixed).sfixed64(it.signed);
        const reader = new ProtobufReader(writer.double(it.double).string(it.text).bytes(it.bytes).fixed32(7).finish());

        assert.deepEqual(
          [reader.uint(), reader.int64(), reader.fixed64(), reader.sfixed64()],
          [it.uint, it.int, it.fixed, it.signed],
        );
        assert.deepEqual(
          [reader.double(), reader.string(), reader.bytes(), reader.fixed32()],
          [it.double, it.text, it.bytes, 7],
        );
        assert.equal(reader.at, reader.length);
      }),
    );
  });

  it('reads the least and greatest int64, and small negative ones exactly', () => {
    for (const value of [-1n, -2n, 0n, 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      const reader = new ProtobufReader(new BinaryWriter().int64(value).finish());

      assert.equal(reader.int64(), Number(value));
    }
  });

  for (const [signal, decode] of Object.entries(read)) {
    it(`throws nothing but MALFORMED_OTLP for random bytes read as ${signal}`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => holds(decode, bytes)),
        { numRuns: 2000 },
      );
    });

    it(`throws nothing but MALFORMED_OTLP for damaged messages read as ${signal}`, () => {
      const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 });
      fc.assert(
        fc.property(damage, fc.nat(), (changes, cut) => {
          const bytes = nested();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          holds(decode, bytes.subarray(0, cut % (bytes.length + 1)));
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('stops at values nested too deeply', () => {
    let value = new BinaryWriter().tag(1, 2).string('x').finish();
    for (let depth = 0; depth < 1000; depth++) {
      const list = new BinaryWriter().tag(1, 2).bytes(value).finish();
      value = new BinaryWriter().tag(5, 2).bytes(list).finish();
    }
    const attribute = new BinaryWriter().tag(1, 2).string('k').tag(2, 2).bytes(value).finish();

    assert.throws(() => readTraces(request(new BinaryWriter().tag(9, 2).bytes(attribute).finish())), {
      reason: 'MALFORMED_OTLP',
    });
  });

  it('refuses a request of very many empty items', () => {
    const items = new Uint8Array(2 * 60_000).map((_, i) => (i % 2 === 0 ? 0x12 : 0));
    const bytes = new BinaryWriter().tag(1, 2).bytes(new BinaryWriter().tag(2, 2).bytes(items).finish()).finish();

    assert.throws(() => readLogs(bytes), { reason: 'MESSAGE_TOO_LARGE' });
  });
});

/** A request with one item. */
function request(item: Uint8Array): Uint8Array {
  const scope = new BinaryWriter().tag(2, 2).bytes(item).finish();
  const resource = new BinaryWriter().tag(2, 2).bytes(scope).finish();
  return new BinaryWriter().tag(1, 2).bytes(resource).finish();
}

/** Messages within messages under the numbers that all three signals use. */
function nested(): Uint8Array {
  const any = new BinaryWriter().tag(1, 2).string('value').finish();
  const attribute = new BinaryWriter().tag(1, 2).string('key').tag(2, 2).bytes(any).finish();
  const point = new BinaryWriter().tag(3, 1).fixed64(5).tag(4, 1).double(1).tag(7, 2).bytes(attribute).finish();
  const data = new BinaryWriter().tag(1, 2).bytes(point).tag(2, 0).int32(2).finish();
  const item = new BinaryWriter()
    .tag(1, 2)
    .bytes(new Uint8Array(16).fill(1))
    .tag(2, 2)
    .bytes(new Uint8Array(8).fill(2));
  item
    .tag(5, 2)
    .bytes(data)
    .tag(7, 2)
    .bytes(data)
    .tag(9, 2)
    .bytes(attribute)
    .tag(11, 2)
    .bytes(point)
    .tag(15, 2)
    .bytes(any);
  return request(item.finish());
}
