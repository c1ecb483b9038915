import { BinaryReader } from '@bufbuild/protobuf/wire';

/** The fields of a protobuf message by number, as the library of protobuf-es reads them: an independent view of our bytes. */
export type Fields = ReadonlyMap<number, readonly (number | bigint | Uint8Array)[]>;

export function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (number | bigint | Uint8Array)[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (type === 0) values.push(BigInt(reader.int64()));
    else if (type === 1) values.push(BigInt(reader.fixed64()));
    else if (type === 2) values.push(reader.bytes());
    else if (type === 5) values.push(reader.fixed32());
    else throw new Error(`wire type ${type} of field ${number}`);
  }
  return fields;
}

/** The nested message at `path`: pairs of field number and index, index 0 where only a number is given. */
export function messageAt(bytes: Uint8Array, ...path: readonly (number | readonly [number, number])[]): Fields {
  let fields = fieldsOf(bytes);
  for (const step of path) {
    const [number, index] = typeof step === 'number' ? [step, 0] : step;
    fields = fieldsOf(bytesOf(fields, number, index));
  }
  return fields;
}

export function bytesOf(fields: Fields, number: number, index = 0): Uint8Array {
  const value = fields.get(number)?.[index];
  if (!(value instanceof Uint8Array)) throw new Error(`field ${number}[${index}] is ${String(value)}, not bytes`);
  return value;
}

export function textOf(fields: Fields, number: number, index = 0): string {
  return new TextDecoder().decode(bytesOf(fields, number, index));
}

export function hexOf(fields: Fields, number: number): string {
  return bytesOf(fields, number).toHex();
}

export function doubleOf(fields: Fields, number: number): number {
  const value = fields.get(number)?.[0];
  if (typeof value !== 'bigint') throw new Error(`field ${number} is no 64-bit value`);
  return new Float64Array(BigUint64Array.of(value).buffer)[0]!;
}

/** Attributes (repeated KeyValue) as an object of their plain values. */
export function attributesOf(fields: Fields, number: number): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const pair of fields.get(number) ?? []) {
    if (!(pair instanceof Uint8Array)) throw new Error(`field ${number} is no message`);
    const keyValue = fieldsOf(pair);
    attributes[textOf(keyValue, 1)] = anyValue(fieldsOf(bytesOf(keyValue, 2)));
  }
  return attributes;
}

function anyValue(value: Fields): unknown {
  if (value.has(1)) return textOf(value, 1);
  if (value.has(2)) return value.get(2)![0] === 1n;
  if (value.has(3)) return Number(value.get(3)![0]);
  if (value.has(4)) return doubleOf(value, 4);
  if (value.has(5))
    return (fieldsOf(bytesOf(value, 5)).get(1) ?? []).map((each) => anyValue(fieldsOf(each as Uint8Array)));
  if (value.has(6)) return attributesOf(fieldsOf(bytesOf(value, 6)), 1);
  return null;
}
