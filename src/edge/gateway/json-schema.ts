import { type DescEnum, type DescField, type DescMessage, getOption, hasOption, ScalarType } from '@bufbuild/protobuf';
import { FieldBehavior, field_behavior } from './gen/google/api/field_behavior_pb.ts';
import type { ProtoComments } from './proto-comments.ts';

/** A JSON Schema, draft 2020-12: what OpenAPI 3.1 uses. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const int64 = { type: 'string', pattern: '^-?[0-9]+$' } as const;
const uint64 = { type: 'string', pattern: '^[0-9]+$' } as const;

/** The JSON form of each scalar, as the ProtoJSON format has it: 64-bit integers are strings, since JSON numbers are doubles. */
const scalars: Readonly<Record<ScalarType, JsonSchema>> = {
  [ScalarType.DOUBLE]: { type: 'number', format: 'double' },
  [ScalarType.FLOAT]: { type: 'number', format: 'float' },
  [ScalarType.INT64]: { ...int64, format: 'int64' },
  [ScalarType.SINT64]: { ...int64, format: 'int64' },
  [ScalarType.SFIXED64]: { ...int64, format: 'int64' },
  [ScalarType.UINT64]: { ...uint64, format: 'uint64' },
  [ScalarType.FIXED64]: { ...uint64, format: 'uint64' },
  [ScalarType.INT32]: { type: 'integer', format: 'int32' },
  [ScalarType.SINT32]: { type: 'integer', format: 'int32' },
  [ScalarType.SFIXED32]: { type: 'integer', format: 'int32' },
  [ScalarType.UINT32]: { type: 'integer', format: 'uint32', minimum: 0 },
  [ScalarType.FIXED32]: { type: 'integer', format: 'uint32', minimum: 0 },
  [ScalarType.BOOL]: { type: 'boolean' },
  [ScalarType.STRING]: { type: 'string' },
  [ScalarType.BYTES]: { type: 'string', contentEncoding: 'base64' },
};

/** Messages whose JSON form is not an object of their fields. */
const wellKnown: Readonly<Record<string, JsonSchema>> = {
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.Duration': { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$', examples: ['1.5s'] },
  'google.protobuf.FieldMask': { type: 'string', examples: ['title,state'] },
  'google.protobuf.Empty': { type: 'object', maxProperties: 0 },
  'google.protobuf.Struct': { type: 'object', additionalProperties: true },
  'google.protobuf.Value': {},
  'google.protobuf.ListValue': { type: 'array', items: {} },
  'google.protobuf.Any': {
    type: 'object',
    properties: { '@type': { type: 'string' } },
    required: ['@type'],
    additionalProperties: true,
  },
  'google.protobuf.DoubleValue': { type: ['number', 'null'], format: 'double' },
  'google.protobuf.FloatValue': { type: ['number', 'null'], format: 'float' },
  'google.protobuf.Int64Value': { ...int64, type: ['string', 'null'], format: 'int64' },
  'google.protobuf.UInt64Value': { ...uint64, type: ['string', 'null'], format: 'uint64' },
  'google.protobuf.Int32Value': { type: ['integer', 'null'], format: 'int32' },
  'google.protobuf.UInt32Value': { type: ['integer', 'null'], format: 'uint32', minimum: 0 },
  'google.protobuf.BoolValue': { type: ['boolean', 'null'] },
  'google.protobuf.StringValue': { type: ['string', 'null'] },
  'google.protobuf.BytesValue': { type: ['string', 'null'], contentEncoding: 'base64' },
};

/**
 * Collects the schemas of messages and enums, each once, under `#/components/schemas` by full name; so a message may
 * contain itself.
 */
export class SchemaCollection {
  readonly #comments: ProtoComments;
  readonly #schemas = new Map<string, JsonSchema>();

  constructor(comments: ProtoComments) {
    this.#comments = comments;
  }

  /** All that was referred to, by name in alphabetical order. */
  components(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A reference to the message, or the schema itself where it is a well-known one. */
  message(message: DescMessage): JsonSchema {
    return wellKnown[message.typeName] ?? this.#reference(message.typeName, () => this.object(message, () => true));
  }

  /** Whether the JSON form of the message is one value, so that it fits into a query parameter. */
  isValue(message: DescMessage): boolean {
    const type = wellKnown[message.typeName]?.type;
    return type !== undefined && type !== 'object' && type !== 'array';
  }

  /** The schema of an object with those fields of the message that pass. */
  object(message: DescMessage, passes: (field: DescField) => boolean): JsonSchema {
    const fields = message.fields.filter(passes);
    const required = fields.filter((field) => behavesAs(field, FieldBehavior.REQUIRED)).map((field) => field.jsonName);
    return {
      type: 'object',
      title: message.name,
      ...this.#description(message.typeName),
      properties: Object.fromEntries(fields.map((field) => [field.jsonName, this.field(field)])),
      ...(required.length > 0 && { required }),
    };
  }

  /** The schema of one field with its comment. */
  field(field: DescField): JsonSchema {
    const comment = this.#comments[`${field.parent.typeName}.${field.name}`];
    const notes = [comment, oneofNote(field)].filter((note) => note !== undefined);
    return {
      ...this.#type(field),
      ...(notes.length > 0 && { description: notes.join('\n\n') }),
      ...(behavesAs(field, FieldBehavior.OUTPUT_ONLY) && { readOnly: true }),
      ...(behavesAs(field, FieldBehavior.INPUT_ONLY) && { writeOnly: true }),
      ...(field.deprecated && { deprecated: true }),
    };
  }

  #type(field: DescField): JsonSchema {
    switch (field.fieldKind) {
      case 'scalar':
        return scalars[field.scalar];
      case 'enum':
        return this.#enum(field.enum);
      case 'message':
        return this.message(field.message);
      case 'list':
        return { type: 'array', items: this.#element(field.listKind, field) };
      case 'map':
        return { type: 'object', additionalProperties: this.#element(field.mapKind, field) };
    }
  }

  #element(kind: 'scalar' | 'enum' | 'message', field: DescField): JsonSchema {
    if (kind === 'message') return this.message(field.message!);
    return kind === 'enum' ? this.#enum(field.enum!) : scalars[field.scalar!];
  }

  #enum(type: DescEnum): JsonSchema {
    if (type.typeName === 'google.protobuf.NullValue') return { type: 'null' };
    return this.#reference(type.typeName, () => {
      const values = type.values.flatMap(({ name }) => {
        const comment = this.#comments[`${type.typeName}.${name}`];
        return comment === undefined ? [] : [`- \`${name}\`: ${comment}`];
      });
      const text = [this.#comments[type.typeName], values.join('\n')].filter(Boolean).join('\n\n');
      const schema = { type: 'string', title: type.name, enum: type.values.map((value) => value.name) };
      return text === '' ? schema : { ...schema, description: text };
    });
  }

  #reference(name: string, make: () => JsonSchema): JsonSchema {
    if (!this.#schemas.has(name)) {
      this.#schemas.set(name, {});
      this.#schemas.set(name, make());
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #description(name: string): { readonly description?: string } {
    const description = this.#comments[name];
    return description === undefined ? {} : { description };
  }
}

/** Whether google.api.field_behavior says this of the field. */
export function behavesAs(field: DescField, behavior: FieldBehavior): boolean {
  return hasOption(field, field_behavior) && getOption(field, field_behavior).includes(behavior);
}

export { FieldBehavior };

function oneofNote(field: DescField): string | undefined {
  if (field.oneof === undefined) return undefined;
  const others = field.oneof.fields.filter((other) => other !== field).map((other) => `\`${other.jsonName}\``);
  return others.length === 0 ? undefined : `At most one of this, ${others.join(', ')}.`;
}
