import { pick } from './serialiser-pick.ts';
import type { Literal, ObjectShape, Property, RefShape, Shape } from './serialiser-shape.ts';

/**
 * {@link pick} as a function made for one shape. It knows only values that are as they should be; for any other it asks `pick`,
 * which copes or says what is wrong. Undefined where the process may not make code (`--disallow-code-generation-from-strings`).
 *
 * It makes objects for JSON.stringify, not text: on Node 26 that is as fast as putting texts together, and faster for small
 * objects (`npm run bench -- http-parts`).
 */
export function generatePick(shape: Shape): ((value: unknown) => unknown) | undefined {
  const code = new Code();
  const root = code.functionOf(shape);
  const bail = Symbol('bail');
  const parts = code.parts.map((part) => (value: unknown) => {
    try {
      return pick(part, value, '') ?? bail;
    } catch {
      return bail;
    }
  });
  const sets = code.literals.map((values) => new Set<unknown>(values));
  const source = `"use strict"; ${code.functions.join(' ')} return ${root};`;
  try {
    const fit = new Function('bail', 'parts', 'sets', 'isPlain', source)(bail, parts, sets, isPlain) as (
      value: unknown,
    ) => unknown;
    return (value) => {
      const picked = fit(value);
      return picked === bail ? pick(shape, value, 'body') : picked;
    };
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/** Whether JSON.stringify writes the value, and asks it nothing. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'object') return value === null || (value as { toJSON?: unknown }).toJSON === undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** More literals than this are looked up in a Set. */
const maxCompared = 8;

/** Functions that give what is picked of their argument, or `bail` for a value that they do not know. */
class Code {
  readonly functions: string[] = [];
  readonly parts: Shape[] = [];
  readonly literals: (readonly Literal[])[] = [];
  readonly #refs = new Map<RefShape, string>();
  #count = 0;

  /** Adds a function for the shape; gives its name. */
  functionOf(shape: Shape, name = this.#name()): string {
    const lines: string[] = [];
    const value = this.#take(shape, 'v', lines);
    this.functions.push(`function ${name}(v) { ${lines.join(' ')} return ${value}; }`);
    return name;
  }

  /** Adds lines that check the variable `from`; gives the expression for what is picked of it. */
  #take(shape: Shape, from: string, lines: string[]): string {
    const bailIf = (condition: string) => lines.push(`if (${condition}) return bail;`);
    switch (shape.kind) {
      case 'any':
        bailIf(`!isPlain(${from})`);
        return from;
      case 'string': {
        const text = this.#name();
        lines.push(`let ${text} = ${from};`);
        bailIf(
          `typeof ${text} !== "string" && (!(${text} instanceof Date) || typeof (${text} = ${text}.toJSON()) !== "string")`,
        );
        return text;
      }
      case 'integer':
        bailIf(`!Number.isInteger(${from})`);
        return from;
      case 'number':
        bailIf(`!Number.isFinite(${from})`);
        return from;
      case 'boolean':
        bailIf(`typeof ${from} !== "boolean"`);
        return from;
      case 'null':
        bailIf(`${from} !== null`);
        return from;
      case 'literal':
        bailIf(this.#isNoneOf(shape.values, from));
        return from;
      case 'array':
        return this.#array(shape.items, from, lines);
      case 'object':
        return shape.additional === undefined ? this.#object(shape, from, lines) : this.#part(shape, from, lines);
      case 'union':
        return this.#union(shape.of, shape, from, lines);
      case 'tuple':
        return this.#part(shape, from, lines);
      case 'ref':
        return this.#call(this.#functionOfRef(shape), from, lines);
    }
  }

  #object({ properties }: ObjectShape, from: string, lines: string[]): string {
    lines.push(`if (typeof ${from} !== "object" || ${from} === null) return bail;`);
    lines.push(`if (Array.isArray(${from}) || ${from}.toJSON !== undefined) return bail;`);
    const parts = properties.map(
      (property) => `${JSON.stringify(property.name)}: ${this.#property(property, from, lines)}`,
    );
    return `{ ${parts.join(', ')} }`;
  }

  #property({ name, isRequired, shape }: Property, from: string, lines: string[]): string {
    const value = this.#name();
    const key = JSON.stringify(name);
    const own =
      name in Object.prototype ? `Object.hasOwn(${from}, ${key}) ? ${from}[${key}] : undefined` : `${from}[${key}]`;
    lines.push(`const ${value} = ${own};`);
    return isRequired ? this.#take(shape, value, lines) : this.#unless('undefined', shape, value, lines);
  }

  /** `absent` stays as it is. */
  #unless(absent: 'undefined' | 'null', shape: Shape, from: string, lines: string[]): string {
    const taken = this.#name();
    const inner: string[] = [];
    const value = this.#take(shape, from, inner);
    lines.push(`let ${taken} = ${absent}; if (${from} !== ${absent}) { ${inner.join(' ')} ${taken} = ${value}; }`);
    return taken;
  }

  #array(items: Shape, from: string, lines: string[]): string {
    lines.push(`if (!Array.isArray(${from}) || ${from}.toJSON !== undefined) return bail;`);
    const [list, i, item] = [this.#name(), this.#name(), this.#name()];
    const inner: string[] = [];
    const value = this.#take(items, item, inner);
    lines.push(`const ${list} = []; for (let ${i} = 0; ${i} < ${from}.length; ${i}++) {`);
    lines.push(`const ${item} = ${from}[${i}]; ${inner.join(' ')} ${list}.push(${value}); }`);
    return list;
  }

  #union(shapes: readonly Shape[], union: Shape, from: string, lines: string[]): string {
    const others = shapes.filter(({ kind }) => kind !== 'null');
    const isNullable = others.length === 1 && shapes.length === 2;
    return isNullable ? this.#unless('null', others[0]!, from, lines) : this.#part(union, from, lines);
  }

  /** What code would be too long for is picked without it. */
  #part(shape: Shape, from: string, lines: string[]): string {
    this.parts.push(shape);
    return this.#call(`parts[${this.parts.length - 1}]`, from, lines);
  }

  #call(name: string, from: string, lines: string[]): string {
    const value = this.#name();
    lines.push(`const ${value} = ${name}(${from}); if (${value} === bail) return bail;`);
    return value;
  }

  #functionOfRef(ref: RefShape): string {
    let name = this.#refs.get(ref);
    if (name === undefined) {
      name = this.#name();
      this.#refs.set(ref, name);
      this.functionOf(ref.to, name);
    }
    return name;
  }

  #isNoneOf(values: readonly Literal[], from: string): string {
    if (values.length <= maxCompared && values.length > 0) {
      return values.map((value) => `${from} !== ${JSON.stringify(value)}`).join(' && ');
    }
    this.literals.push(values);
    return `!sets[${this.literals.length - 1}].has(${from})`;
  }

  #name(): string {
    this.#count++;
    return `x${this.#count}`;
  }
}
