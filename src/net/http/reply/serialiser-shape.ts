/** A JSON Schema as it stands in code: what is used of it is what names the parts of a value and their types. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a part of an answer must be, and what of it is sent. */
export type Shape =
  | { readonly kind: 'any' | 'string' | 'number' | 'integer' | 'boolean' | 'null' }
  | { readonly kind: 'literal'; readonly values: readonly Literal[] }
  | { readonly kind: 'array'; readonly items: Shape }
  | { readonly kind: 'tuple'; readonly items: readonly Shape[]; readonly rest: Shape | undefined }
  | ObjectShape
  | { readonly kind: 'union'; readonly of: readonly Shape[] }
  | RefShape;

export type Literal = string | number | boolean | null;

export interface ObjectShape {
  readonly kind: 'object';
  readonly properties: readonly Property[];
  /** Of properties that have no name in the schema; undefined: they are left out. */
  readonly additional: Shape | undefined;
}

export interface Property {
  readonly name: string;
  readonly isRequired: boolean;
  readonly shape: Shape;
}

/** A shape that may contain itself. */
export interface RefShape {
  readonly kind: 'ref';
  to: Shape;
}

/**
 * Reads a JSON Schema (draft 7 to 2020-12, and OpenAPI's `nullable`). Keywords that only check a value (`minLength`, `format`, `not`)
 * are passed over. Throws a TypeError for what could not be kept to: `patternProperties`, a reference that leads out of
 * the schema or nowhere, `allOf` of anything else than objects, literals that are objects.
 */
export function readShape(schema: JsonSchema): Shape {
  return new Reader(schema).read(schema, '#');
}

class Reader {
  readonly #root: JsonSchema;
  readonly #refs = new Map<string, RefShape>();

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  read(schema: unknown, at: string): Shape {
    if (schema === true) return { kind: 'any' };
    if (!isRecord(schema)) throw bad(at, 'it is not a schema');
    if (typeof schema.$ref === 'string') return this.#ref(schema.$ref, at);
    const shape = this.#typed(schema, at);
    return schema.nullable === true && shape.kind !== 'any' ? unionOf([shape, { kind: 'null' }]) : shape;
  }

  #typed(schema: JsonSchema, at: string): Shape {
    if ('const' in schema) return literal([schema.const], at);
    if (Array.isArray(schema.enum)) return literal(schema.enum, at);
    if (Array.isArray(schema.allOf)) return this.#object(schema, at);
    const choices = schema.properties === undefined ? (schema.anyOf ?? schema.oneOf) : undefined;
    if (Array.isArray(choices)) return unionOf(choices.map((choice, i) => this.read(choice, `${at}/anyOf/${i}`)));
    if (Array.isArray(schema.type)) {
      return unionOf(schema.type.map((type) => this.#typed({ ...schema, type }, at)));
    }
    const type: unknown = schema.type ?? guessedType(schema);
    switch (type) {
      case undefined:
        return { kind: 'any' };
      case 'object':
        return this.#object(schema, at);
      case 'array':
        return this.#array(schema, at);
      case 'string':
      case 'number':
      case 'integer':
      case 'boolean':
      case 'null':
        return { kind: type };
      default:
        throw bad(at, `the type ${JSON.stringify(type)} is unknown`);
    }
  }

  #array(schema: JsonSchema, at: string): Shape {
    const isOld = Array.isArray(schema.items);
    const first = isOld ? schema.items : schema.prefixItems;
    const others = isOld ? schema.additionalItems : schema.items;
    const rest = others === false ? undefined : this.read(others ?? true, `${at}/items`);
    if (!Array.isArray(first)) return { kind: 'array', items: rest ?? { kind: 'any' } };
    return { kind: 'tuple', items: first.map((item, i) => this.read(item, `${at}/items/${i}`)), rest };
  }

  #object(schema: JsonSchema, at: string): ObjectShape {
    const shapes = new Map<string, Shape>();
    const required = new Set<unknown>();
    let additional: Shape | undefined;
    for (const part of this.#conjuncts(schema, at)) {
      if (part.patternProperties !== undefined)
        throw bad(at, 'patternProperties is not supported; use additionalProperties');
      for (const [name, property] of Object.entries((part.properties ?? {}) as JsonSchema)) {
        // Assigned to an object it would be its prototype.
        if (name === '__proto__') throw bad(at, 'a property cannot be named __proto__');
        if (property !== false) shapes.set(name, this.read(property, `${at}/properties/${name}`));
      }
      for (const name of (part.required ?? []) as readonly unknown[]) required.add(name);
      const { additionalProperties: others } = part;
      if (others !== undefined && others !== false) additional = this.read(others, `${at}/additionalProperties`);
    }
    const properties = [...shapes].map(([name, shape]) => ({ name, shape, isRequired: required.has(name) }));
    return { kind: 'object', properties, additional };
  }

  /** The schemas that an object has to fit all at once. */
  #conjuncts(schema: JsonSchema, at: string, depth = 0): readonly JsonSchema[] {
    if (depth > 100) throw bad(at, 'it refers to itself');
    if (typeof schema.$ref === 'string') return this.#conjuncts(this.#target(schema.$ref, at), schema.$ref, depth + 1);
    if (Array.isArray(schema.allOf)) {
      const { allOf, ...own } = schema;
      const parts = allOf.flatMap((part, i) => {
        if (!isRecord(part)) throw bad(`${at}/allOf/${i}`, 'it is not a schema');
        return this.#conjuncts(part, `${at}/allOf/${i}`, depth + 1);
      });
      return [...parts, own];
    }
    const type = schema.type ?? guessedType(schema);
    if (depth > 0 && type !== undefined && type !== 'object') throw bad(at, 'allOf is supported for objects alone');
    if (depth > 0 && (schema.anyOf ?? schema.oneOf) !== undefined)
      throw bad(at, 'allOf is supported for objects alone');
    return [schema];
  }

  #ref(pointer: string, at: string): Shape {
    const known = this.#refs.get(pointer);
    if (known !== undefined) return known;
    const shape: RefShape = { kind: 'ref', to: { kind: 'any' } };
    this.#refs.set(pointer, shape);
    shape.to = this.read(this.#target(pointer, at), pointer);
    for (let to = shape.to; to.kind === 'ref'; to = to.to)
      if (to === shape) throw bad(pointer, 'it refers to itself alone');
    return shape;
  }

  /** What a reference within the schema points to: a JSON pointer (RFC 6901) after '#'. */
  #target(pointer: string, at: string): JsonSchema {
    if (!/^#(?:\/|$)/.test(pointer)) throw bad(at, `the reference "${pointer}" leads out of the schema`);
    let target: unknown = this.#root;
    for (const part of pointer.split('/').slice(1)) {
      const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      target =
        (isRecord(target) || Array.isArray(target)) && Object.hasOwn(target, name)
          ? (target as JsonSchema)[name]
          : undefined;
    }
    if (!isRecord(target)) throw bad(at, `the reference "${pointer}" leads nowhere`);
    return target;
  }
}

function guessedType(schema: JsonSchema): string | undefined {
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return 'object';
  return schema.items !== undefined || schema.prefixItems !== undefined ? 'array' : undefined;
}

function literal(values: readonly unknown[], at: string): Shape {
  for (const value of values) {
    const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    if (!isPlain) throw bad(at, 'a const or enum of objects is not supported');
  }
  return { kind: 'literal', values: values as readonly Literal[] };
}

function unionOf(shapes: readonly Shape[]): Shape {
  return shapes.length === 1 ? shapes[0]! : { kind: 'union', of: shapes };
}

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(at: string, why: string): TypeError {
  return new TypeError(`the response schema cannot be used: at ${at}: ${why}`);
}
