import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import { generatePick } from './serialiser-code.ts';
import { pick } from './serialiser-pick.ts';
import { type JsonSchema, readShape } from './serialiser-shape.ts';

/**
 * What an answer's body looks like: a JSON Schema, or a schema of a validator that can tell its JSON Schema (Standard JSON Schema;
 * zod 4 can).
 */
export type ResponseSchema = JsonSchema | StandardJSONSchemaV1;

/** Writes values as JSON, by a schema. */
export interface Serialiser {
  /** The JSON of what {@link pick} gives. */
  stringify(value: unknown): string;
  /**
   * The parts of the value that the schema names, as plain data. Properties without a name there are left out, so that nothing leaks
   * that was not meant to be sent. Throws a TypeError for a value that does not fit; no type is made into another.
   */
  pick(value: unknown): unknown;
}

export interface SerialiserOptions {
  /** Whether a function is generated for the schema, where the process allows it. It does the same, faster. Default: true. */
  readonly generate?: boolean;
}

/**
 * Makes a serialiser: once, at start-up. The schema decides what is sent, and of what type it must be; a `Date` (or anything with
 * `toJSON`) is what its `toJSON` gives. A value is written as the first alternative of `anyOf` or `oneOf` that it fits. Other keywords
 * (`minLength`, `pattern`) are not checked. Throws a TypeError for a schema that cannot be kept to.
 */
export function serialiser(schema: ResponseSchema, options: SerialiserOptions = {}): Serialiser {
  const { generate = true } = options;
  const shape = readShape(jsonSchemaOf(schema));
  const take = (generate ? generatePick(shape) : undefined) ?? ((value: unknown) => pick(shape, value, 'body'));
  return { pick: take, stringify: (value) => textOf(take(value)) };
}

function textOf(picked: unknown): string {
  const text: string | undefined = JSON.stringify(picked);
  if (text === undefined) throw new TypeError(`the answer does not fit its response schema: JSON cannot say it`);
  return text;
}

function jsonSchemaOf(schema: ResponseSchema): JsonSchema {
  if (!('~standard' in schema)) return schema;
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  if (standard.jsonSchema === undefined) {
    throw new TypeError(`the response schema (of ${standard.vendor}) cannot tell its JSON Schema; give that instead`);
  }
  return standard.jsonSchema.output({ target: 'draft-2020-12' });
}
