import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, createFileRegistry, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { CompiledCodecs } from './compiled-codec.ts';

const [int32, message] = [5, 11];
const [optional, repeated] = [1, 3];
const leafOf = (name: string, number: number, label: number) => ({
  ...{ name, number, label, jsonName: name },
  ...{ type: message, typeName: '.inlined.Leaf' },
});

const file = {
  ...{ name: 'inlined.proto', package: 'inlined', syntax: 'proto3' },
  messageType: [
    {
      name: 'Tree',
      field: [
        { ...leafOf('inner', 1, optional), typeName: '.inlined.Tree' },
        leafOf('leaf', 2, optional),
        leafOf('leaves', 3, repeated),
        { ...leafOf('chosen', 4, optional), oneofIndex: 0 },
        { ...leafOf('other', 5, optional), oneofIndex: 0 },
      ],
      oneofDecl: [{ name: 'choice' }],
    },
    {
      name: 'Leaf',
      field: [
        { name: 'a', number: 1, jsonName: 'a', label: optional, type: int32 },
        { name: 'b', number: 2, jsonName: 'b', label: repeated, type: int32 },
      ],
    },
  ],
};
const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
const tree = registry.getMessage('inlined.Tree') as DescMessage;
const codec = new CompiledCodecs().codec(tree);

const read = (work: () => unknown) => {
  try {
    return work();
  } catch {
    return 'refused';
  }
};

const [inner, leaf, leaves, chosen, other] = [0x0a, 0x12, 0x1a, 0x22, 0x2a];
const cases: Readonly<Record<string, readonly number[]>> = {
  'one in parts': [leaf, 2, 0x08, 1, leaf, 4, 0x12, 2, 5, 6, leaf, 2, 0x12, 0],
  'one of a choice in parts': [chosen, 2, 0x08, 1, chosen, 3, 0x12, 1, 5],
  'one of a choice after another': [chosen, 2, 0x08, 1, other, 3, 0x12, 1, 5, chosen, 0],
  'elements with others between them': [leaves, 0, leaves, 2, 0x08, 1, leaf, 0, leaves, 0, leaves, 2, 0x08, 3],
  'unknown fields within': [leaf, 4, 0x08, 1, 0x78, 2, leaves, 2, 0x78, 3, 0x78, 4],
  'one that ends within a field': [leaf, 1, 0x08, 1],
  'one that is longer than what holds it': [inner, 2, leaf, 1, 0],
  'elements of which the last is cut': [leaves, 0, leaves, 2, 0x08],
};

for (const [what, bytes] of Object.entries(cases))
  test(`a small message in what holds it: ${what}, as the library reads it`, () => {
    const input = Uint8Array.from(bytes);
    const wanted = read(() => fromBinary(tree, input));

    const message = read(() => codec.decode(input));

    assert.deepStrictEqual(message, what === 'one that ends within a field' ? 'refused' : wanted);
  });

for (const [what, tag] of Object.entries({ one: leaf, 'one of a choice': chosen, 'an element': leaves }))
  test(`a small message in what holds it may be as deep as with the library: ${what}`, () => {
    let bytes = Uint8Array.of(tag, 2, 0x08, 1);
    const outcomes = new Set<boolean>();
    for (let depth = 2; depth < 110; depth++) {
      const wanted = read(() => fromBinary(tree, bytes));

      const message = read(() => codec.decode(bytes));

      assert.deepStrictEqual(message, wanted, `${depth}`);
      outcomes.add(message === 'refused');
      const { length } = bytes;
      const size = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >>> 7];
      bytes = Uint8Array.of(inner, ...size, ...bytes);
    }
    assert.equal(outcomes.size, 2);
  });
