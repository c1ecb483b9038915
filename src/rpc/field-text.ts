import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  ScalarType,
} from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';

/** What the text of a path or query means for a field; undefined if nothing: then `valid` says what would. */
export type FieldText = { readonly json: JsonValue } | { readonly valid: string };

/**
 * The JSON value that a text stands for in one value of a field: of a list, one element. Numbers, booleans, enums by name or
 * number, base64 for bytes; messages only where their JSON form is a text (timestamps, durations, field masks) or a
 * wrapped scalar.
 */
export function fieldJson(field: DescField, text: string): FieldText {
  const kind = field.fieldKind === 'list' ? field.listKind : field.fieldKind;
  if (kind === 'scalar') return scalarJson(field.scalar as ScalarType, text);
  if (kind === 'enum') return enumJson(field.enum as DescEnum, text);
  if (kind === 'message') return messageJson(field.message as DescMessage, text);
  return { valid: 'sent in a body: it is a map' };
}

/** Whether a value of this message can be written as one text. */
export function hasTextForm(message: DescMessage): boolean {
  return textMessages.has(message.typeName) || isWrapper(message);
}

function scalarJson(scalar: ScalarType, text: string): FieldText {
  const range = integerRanges[scalar];
  if (range !== undefined) return integerJson(text, ...range);
  switch (scalar) {
    case ScalarType.STRING:
      return { json: text };
    case ScalarType.BOOL:
      return text === 'true' || text === 'false' ? { json: text === 'true' } : { valid: 'true or false' };
    case ScalarType.BYTES:
      return bytesJson(text);
    default:
      return floatJson(scalar, text);
  }
}

function integerJson(text: string, min: bigint, max: bigint): FieldText {
  const valid = `a whole number from ${min} to ${max}`;
  if (!/^-?\d{1,20}$/.test(text)) return { valid };
  const value = BigInt(text);
  return value >= min && value <= max ? { json: String(value) } : { valid };
}

function floatJson(scalar: ScalarType, text: string): FieldText {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return { json: text };
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
  const fits = scalar === ScalarType.FLOAT ? Number.isFinite(Math.fround(value)) : Number.isFinite(value);
  return fits ? { json: value } : { valid: 'a number' };
}

function bytesJson(text: string): FieldText {
  try {
    base64Decode(text);
    return { json: text };
  } catch {
    return { valid: 'base64' };
  }
}

function enumJson({ values }: DescEnum, text: string): FieldText {
  const known = values.find(({ name, number }) => name === text || String(number) === text);
  if (known !== undefined) return { json: known.name };
  return { valid: `one of ${values.map(({ name }) => name).join(', ')}` };
}

function messageJson(message: DescMessage, text: string): FieldText {
  if (isWrapper(message)) return scalarJson(message.fields[0]?.scalar as ScalarType, text);
  const valid = textMessages.get(message.typeName);
  if (valid === undefined) return { valid: `given field by field: it is a ${message.name}` };
  try {
    fromJson(message, text);
    return { json: text };
  } catch {
    return { valid };
  }
}

function isWrapper({ typeName, fields }: DescMessage): boolean {
  return (
    /^google\.protobuf\.[A-Za-z0-9]+Value$/.test(typeName) && fields[0]?.fieldKind === 'scalar' && fields.length === 1
  );
}

const textMessages: ReadonlyMap<string, string> = new Map([
  ['google.protobuf.Timestamp', 'a time like 2026-01-31T10:00:00Z'],
  ['google.protobuf.Duration', 'a duration like 1.5s'],
  ['google.protobuf.FieldMask', 'names of fields in camel case, separated by commas'],
]);

const int32 = [-(2n ** 31n), 2n ** 31n - 1n] as const;
const uint32 = [0n, 2n ** 32n - 1n] as const;
const int64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const uint64 = [0n, 2n ** 64n - 1n] as const;
const integerRanges: Partial<Record<ScalarType, readonly [bigint, bigint]>> = {
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
};
