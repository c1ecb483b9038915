import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { ProtobufWriter } from './protobuf-writer.ts';

/** What both writers can be told. */
type Step =
  | { readonly kind: 'uint' | 'int64' | 'fixed64' | 'double'; readonly field: number; readonly value: number }
  | { readonly kind: 'string'; readonly field: number; readonly value: string }
  | { readonly kind: 'bytes'; readonly field: number; readonly value: Uint8Array }
  | { readonly kind: 'message'; readonly field: number; readonly steps: readonly Step[] };

function ours(steps: readonly Step[], writer = new ProtobufWriter(16)): ProtobufWriter {
  for (const step of steps) {
    if (step.kind === 'message') {
      const lengthBytes = step.field % 2 === 0 ? 2 : 1;
      const mark = writer.open(step.field, lengthBytes);
      ours(step.steps, writer);
      writer.close(mark, lengthBytes);
    } else if (step.kind === 'string') writer.string(step.field, step.value);
    else if (step.kind === 'bytes') writer.bytes(step.field, step.value);
    else writer[step.kind](step.field, step.value);
  }
  return writer;
}

function theirs(steps: readonly Step[], writer = new BinaryWriter()): BinaryWriter {
  for (const step of steps) {
    if (step.kind === 'message') theirs(step.steps, writer.tag(step.field, 2).fork()).join();
    else if (step.kind === 'string') writer.tag(step.field, 2).string(step.value);
    else if (step.kind === 'bytes') writer.tag(step.field, 2).bytes(step.value);
    else if (step.kind === 'uint') writer.tag(step.field, 0).uint64(step.value);
    else if (step.kind === 'int64') writer.tag(step.field, 0).int64(step.value);
    else if (step.kind === 'fixed64') writer.tag(step.field, 1).fixed64(step.value);
    else writer.tag(step.field, 1).double(step.value);
  }
  return writer;
}

const field = fc.integer({ min: 1, max: 3000 });
const whole = fc.maxSafeNat();
const scalar = fc.oneof(
  fc.record({ kind: fc.constantFrom('uint', 'fixed64', 'int64'), field, value: whole }),
  fc.record({ kind: fc.constant('int64'), field, value: fc.maxSafeInteger() }),
  fc.record({ kind: fc.constant('double'), field, value: fc.double() }),
  fc.record({ kind: fc.constant('string'), field, value: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
  fc.record({ kind: fc.constant('bytes'), field, value: fc.uint8Array({ maxLength: 300 }) }),
) as fc.Arbitrary<Step>;
const { message } = fc.letrec<{ message: Step[] }>((tie) => ({
  message: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: scalar },
      fc.record({ kind: fc.constant('message' as const), field, steps: tie('message') }),
    ),
    { maxLength: 6 },
  ),
}));

describe('ProtobufWriter', () => {
  it('writes the bytes that protobuf-es writes', () => {
    fc.assert(
      fc.property(message, (steps) => {
        assert.deepEqual(ours(steps).toBytes(), new Uint8Array(theirs(steps).finish()));
      }),
      { numRuns: 500 },
    );
  });

  const vectors: readonly (readonly [string, (writer: ProtobufWriter) => void, string])[] = [
    // protobuf.dev/programming-guides/encoding: "A Simple Message" and "Strings"
    ['a varint', (writer) => writer.uint(1, 150), '089601'],
    ['a text', (writer) => writer.string(2, 'testing'), '120774657374696e67'],
    ['a negative int64', (writer) => writer.int64(1, -2), '08feffffffffffffffff01'],
    ['an id', (writer) => writer.hex(1, '00f067aa0ba902b7'), '0a0800f067aa0ba902b7'],
    ['a fixed32', (writer) => writer.fixed32(16, 1), '850101000000'],
    ['packed fixed64', (writer) => writer.packedFixed64(6, [1, 256]), '321001000000000000000001000000000000'],
    ['packed doubles', (writer) => writer.packedDouble(7, [0.5]), '3a08000000000000e03f'],
    ['a lone surrogate as a replacement character', (writer) => writer.string(1, '\ud800'), '0a03efbfbd'],
  ];
  for (const [what, write, hex] of vectors) {
    it(`writes ${what}`, () => {
      const writer = new ProtobufWriter(1);

      write(writer);

      assert.equal(writer.toBytes().toHex(), hex);
    });
  }

  it('forgets what was written after a length', () => {
    const writer = new ProtobufWriter();
    writer.uint(1, 1);
    const { length } = writer;
    writer.string(2, 'half an item');

    writer.truncate(length);

    assert.equal(writer.toBytes().toHex(), '0801');
  });
});
