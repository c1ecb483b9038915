import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import type { Schema } from './validate.ts';

/** One value that a configuration may have, as far as its schema tells. */
export interface Leaf {
  readonly path: string;
  /** JSON Schema types: `string`, `integer`, `number`, `boolean`, `array`, `object`. Empty: any. */
  readonly types: ReadonlySet<string>;
  /** Types of the items of an array. */
  readonly itemTypes: ReadonlySet<string>;
  /** `an integer from 1 to 65535`; empty if the schema does not say. */
  readonly valid: string;
  /** Declared so: `format: password` or `writeOnly`. */
  readonly secret: boolean;
}

/** What a schema lets one know of the values it wants. */
export interface Shape {
  readonly leaves: ReadonlyMap<string, Leaf>;
  /** Paths of objects with known keys; '' is the root. */
  readonly sections: ReadonlySet<string>;
  /** Those of them that must be there, outer ones first. */
  readonly required: ReadonlySet<string>;
  /** Paths of objects that take any key. */
  readonly open: ReadonlySet<string>;
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** Deeper objects than this are taken as any value, which also ends a schema that contains itself. */
const maxDepth = 8;

/** The shape, if the validator can tell it (Standard JSON Schema: zod, valibot, arktype can), otherwise undefined. */
export function shapeOf(schema: Schema<unknown>): Shape | undefined {
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1['~standard']>;
  let root: JsonSchema | undefined;
  try {
    root = standard.jsonSchema?.input({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } });
  } catch {
    return undefined;
  }
  if (root === undefined) return undefined;
  const shape = {
    leaves: new Map<string, Leaf>(),
    sections: new Set<string>(),
    required: new Set<string>(),
    open: new Set<string>(),
  };
  walk(root, root, '', 0, shape);
  return shape.sections.has('') ? shape : undefined;
}

interface Growing {
  readonly leaves: Map<string, Leaf>;
  readonly sections: Set<string>;
  readonly required: Set<string>;
  readonly open: Set<string>;
}

function walk(root: JsonSchema, given: unknown, path: string, depth: number, shape: Growing): void {
  const variants = variantsOf(root, given);
  const objects = variants.filter((variant) => isRecord(variant.properties));
  if (objects.length === 0 || depth === maxDepth) {
    if (path !== '') shape.leaves.set(path, leafOf(path, variants));
    // An object without known keys, or anything at all.
    if (variants.length === 0 || variants.some(({ type, enum: options }) => type === 'object' || (!type && !options)))
      shape.open.add(path);
    return;
  }
  shape.sections.add(path);
  for (const { properties, additionalProperties, required } of objects) {
    if (additionalProperties === true || isRecord(additionalProperties)) shape.open.add(path);
    for (const [key, child] of Object.entries(properties as JsonSchema)) {
      const at = path === '' ? key : `${path}.${key}`;
      const isRequired = objects.length === 1 && Array.isArray(required) && required.includes(key);
      if (isRequired && variantsOf(root, child).some((variant) => isRecord(variant.properties))) shape.required.add(at);
      walk(root, child, at, depth + 1, shape);
    }
  }
}

/** The schema itself, or the alternatives it is made of, with references followed. */
function variantsOf(root: JsonSchema, given: unknown, depth = 0): JsonSchema[] {
  if (!isRecord(given) || depth === maxDepth) return [];
  if (typeof given.$ref === 'string') return variantsOf(root, lookUp(root, given.$ref), depth + 1);
  const parts = [given.anyOf, given.oneOf, given.allOf].filter((list) => Array.isArray(list)).flat();
  return parts.length === 0 ? [given] : parts.flatMap((part) => variantsOf(root, part, depth + 1));
}

function lookUp(root: JsonSchema, ref: string): unknown {
  let at: unknown = root;
  for (const part of ref.replace(/^#\/?/, '').split('/')) if (part !== '') at = isRecord(at) ? at[part] : undefined;
  return at;
}

function leafOf(path: string, variants: readonly JsonSchema[]): Leaf {
  const described = variants.filter((variant) => variant.type !== 'null');
  return {
    path,
    types: typesOf(described),
    itemTypes: typesOf(described.map((variant) => variant.items).filter(isRecord)),
    valid: described
      .map(describe)
      .filter((text) => text !== '')
      .join(' or '),
    secret: described.some((variant) => variant.format === 'password' || variant.writeOnly === true),
  };
}

function typesOf(variants: readonly JsonSchema[]): ReadonlySet<string> {
  return new Set(variants.flatMap((variant) => variant.type ?? []).filter((type) => typeof type === 'string'));
}

/** The valid range in words. */
function describe(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if ('const' in schema) return JSON.stringify(schema.const) ?? '';
  const type = typeof schema.type === 'string' ? schema.type : '';
  const article = /^[aeiou]/.test(type) ? 'an' : 'a';
  const [low, high] = type === 'string' ? [schema.minLength, schema.maxLength] : [schema.minimum, schema.maximum];
  const unit = type === 'string' ? ' characters' : '';
  const range = rangeOf(bound(low), bound(high), type === 'string' ? 'of' : 'from');
  const format = typeof schema.format === 'string' && schema.format !== 'password' ? ` (${schema.format})` : '';
  return type === '' ? '' : `${article} ${type}${range === '' ? '' : `${range}${unit}`}${format}`;
}

function rangeOf(low: number | undefined, high: number | undefined, word: string): string {
  if (low !== undefined && high !== undefined) return ` ${word} ${low} to ${high}`;
  if (low !== undefined) return ` ${word} at least ${low}`;
  return high === undefined ? '' : ` ${word} at most ${high}`;
}

/** A bound that somebody chose: the limits of safe integers are the validator's. */
function bound(value: unknown): number | undefined {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
