import type { ObjectShape, Shape } from './serialiser-shape.ts';

/**
 * What of a value is sent by its shape: the parts that the shape names, as plain data that `JSON.stringify` takes as it is. What has
 * a `toJSON` is what that gives, as in JSON.stringify. Throws a TypeError that says which part does not fit, and why; it
 * never makes one type of another.
 *
 * `where` is the path of the value, for the message.
 */
export function pick(shape: Shape, value: unknown, where: string): unknown {
  const own = plain(value, where);
  switch (shape.kind) {
    case 'any':
      return typeof own === 'function' || typeof own === 'symbol' ? undefined : own;
    case 'number':
    case 'integer':
      if (typeof own !== 'number') break;
      if (!Number.isFinite(own)) throw bad(where, `is ${own}, which JSON cannot say`);
      if (shape.kind === 'integer' && !Number.isInteger(own)) throw bad(where, `is ${own}, not an integer`);
      return own;
    case 'null':
      if (own === null) return own;
      break;
    case 'string':
    case 'boolean':
      if (typeof own === shape.kind) return own;
      break;
    case 'literal':
      if (shape.values.includes(own as string)) return own;
      throw bad(where, `is ${shown(own)}, which is none of the values that the schema names`);
    case 'array':
      if (Array.isArray(own)) return Array.from(own, (item, i) => element(shape.items, item, `${where}.${i}`));
      break;
    case 'tuple':
      if (Array.isArray(own)) return pickTuple(shape.items, shape.rest, own, where);
      break;
    case 'object':
      if (typeof own === 'object' && own !== null && !Array.isArray(own)) return pickObject(shape, own, where);
      break;
    case 'union':
      return pickFirst(shape.of, own, where);
    case 'ref':
      return pick(shape.to, own, where);
  }
  throw bad(where, own === undefined ? 'is missing' : `is ${nameOf(own)}, not ${expected(shape)}`);
}

function pickTuple(items: readonly Shape[], rest: Shape | undefined, own: readonly unknown[], where: string): unknown {
  if (own.length < items.length) throw bad(where, `has ${own.length} elements, not ${items.length}`);
  const known = rest === undefined ? own.slice(0, items.length) : own;
  return Array.from(known, (item, i) => element(items[i] ?? rest!, item, `${where}.${i}`));
}

function pickObject({ properties, additional }: ObjectShape, own: object, where: string): unknown {
  const picked: Record<string, unknown> = {};
  for (const { name, isRequired, shape } of properties) {
    const value = read(own, name);
    const part = value === undefined && !isRequired ? undefined : pick(shape, value, `${where}.${name}`);
    if (part !== undefined) picked[name] = part;
    else if (isRequired) throw bad(`${where}.${name}`, 'is missing');
  }
  if (additional === undefined) return picked;
  const named = new Set(properties.map(({ name }) => name));
  for (const [name, value] of Object.entries(own)) {
    if (named.has(name) || value === undefined) continue;
    const part = pick(additional, value, `${where}.${name}`);
    if (part !== undefined) Object.defineProperty(picked, name, { value: part, enumerable: true, configurable: true });
  }
  return picked;
}

/** By the first shape that the value fits. */
function pickFirst(shapes: readonly Shape[], own: unknown, where: string): unknown {
  let failure: unknown;
  for (const shape of shapes) {
    try {
      return pick(shape, own, where);
    } catch (error) {
      failure ??= error;
    }
  }
  const reason = failure instanceof TypeError ? failure.message : 'there are none';
  throw bad(where, `fits none of the ${shapes.length} shapes that the schema names; for the first: ${reason}`);
}

/** JSON.stringify writes null for what it cannot say in an array. */
function element(shape: Shape, item: unknown, where: string): unknown {
  const part = pick(shape, item, where);
  return part === undefined ? null : part;
}

/**
 * A property by the name that the schema gives it, also one that the value's class gives; but not what every object has
 * (`constructor`).
 */
function read(own: object, name: string): unknown {
  if (name in Object.prototype && !Object.hasOwn(own, name)) return undefined;
  return (own as Record<string, unknown>)[name];
}

/** What JSON.stringify would begin with: the result of `toJSON`, and no wrapped text, number or boolean. */
function plain(value: unknown, where: string): unknown {
  let own = value;
  if (typeof own === 'bigint') throw bad(where, 'is a bigint, which JSON cannot say; make a string of it');
  if (typeof own === 'object' && own !== null) {
    const { toJSON } = own as { toJSON?: unknown };
    if (typeof toJSON === 'function') own = toJSON.call(own, where.slice(where.lastIndexOf('.') + 1));
    if (own instanceof String || own instanceof Number || own instanceof Boolean) own = own.valueOf();
  }
  return own;
}

function expected(shape: Shape): string {
  const { kind } = shape;
  if (kind === 'tuple') return 'an array';
  return kind === 'null' ? 'null' : `${/^[aio]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Short, and no content that may be secret but for what a schema lists. */
function shown(value: unknown): string {
  return value === undefined ? 'missing' : nameOf(value);
}

function bad(where: string, why: string): TypeError {
  return new TypeError(`the answer does not fit its response schema: ${where} ${why}`);
}
