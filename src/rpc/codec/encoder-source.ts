import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import type { Code } from './code.ts';
import { maxShortBytes, maxShortLength } from './put-text.ts';
import { maxFixedBytes } from './sink.ts';

/** google.protobuf.FeatureSet.FieldPresence.IMPLICIT */
const implicit = 2;

/**
 * The function that writes a message of this type, as source: last field first. `code` collects what it refers to. Where a
 * value of variable size was written, room for all fields of fixed size is made again, so that those need not ask. Bytes,
 * place and end of the sink are local variables, `b`, `p` and `end`: the sink has them back where a method of it is called.
 */
export function encoderSource(desc: DescMessage, code: Code, hasPrototype: boolean): string {
  return new EncoderSource(desc, code, hasPrototype).build();
}

class EncoderSource {
  readonly #desc: DescMessage;
  readonly #code: Code;
  readonly #hasPrototype: boolean;
  readonly #reserve: number;

  constructor(desc: DescMessage, code: Code, hasPrototype: boolean) {
    this.#desc = desc;
    this.#code = code;
    this.#hasPrototype = hasPrototype;
    this.#reserve = Math.max(...[desc, ...code.inlined].map(roomFor));
  }

  build(): string {
    return `(m, s) => {
      s.ensure(${this.#reserve});
      let p = s.at;
      let b = s.bytes;
      let end = s.end;
      ${this.#fields(this.#desc)}
      s.at = p;
    }`;
  }

  /** Statements that put the fields of `m`. */
  #fields({ typeName, fields, oneofs }: DescMessage): string {
    const name = JSON.stringify(typeName);
    const groups = oneofs.map((oneof, index) => `const o${index} = m[${JSON.stringify(oneof.localName)}];`);
    const backwards = fields.toSorted((a, b) => b.number - a.number);
    return `${fields.length > 0 ? `if (m.$typeName !== ${name}) foreign(m, ${name});` : ''}
      if (m.$unknown !== undefined) { ${method(`unknown(s, m.$unknown, ${this.#reserve})`)} }
      ${groups.join('\n')}
      ${backwards.map((field) => this.#field(field)).join('\n')}`;
  }

  #field(field: DescField): string {
    const member = `m[${JSON.stringify(field.localName)}]`;
    if (field.fieldKind === 'list') return `{ const list = ${member}; ${this.#list(field)} }`;
    if (field.fieldKind === 'map') return `{ const map = ${member}; ${this.#map(field)} }`;
    const write = this.#single(field);
    if (field.oneof !== undefined) {
      const group = `o${field.parent.oneofs.indexOf(field.oneof)}`;
      return `if (${group}.case === ${JSON.stringify(field.localName)}) { const v = ${group}.value; ${write} }`;
    }
    return `{ const v = ${member}; if (${this.#isSet(field)}) { ${write} } }`;
  }

  #isSet(field: DescField): string {
    if (field.presence !== implicit) {
      const own = `Object.hasOwn(m, ${JSON.stringify(field.localName)})`;
      return this.#hasPrototype ? `v !== undefined && ${own}` : 'v !== undefined';
    }
    if (field.fieldKind === 'enum') return `v !== ${field.enum.values[0]!.number}`;
    if (field.fieldKind !== 'scalar') return 'v !== undefined';
    switch (field.scalar) {
      case ScalarType.BOOL:
        return 'v !== false';
      case ScalarType.STRING:
        return `v !== ''`;
      case ScalarType.BYTES:
        return 'v.length !== 0';
      case ScalarType.DOUBLE:
      case ScalarType.FLOAT:
        return '!Object.is(v, 0)';
      default:
        // Loosely: 0 and "0", too.
        return is64(field.scalar) ? `(typeof v === 'bigint' ? v !== 0n : v != 0)` : 'v != 0';
    }
  }

  #single(field: DescField & { fieldKind: 'scalar' | 'enum' | 'message' }): string {
    if (field.fieldKind !== 'message') {
      const type = field.fieldKind === 'enum' ? ScalarType.INT32 : field.scalar;
      return `${this.#scalar(type, 'v', field)} ${tag(field.number, wireTypeOf(type))}`;
    }
    const isWrapped = field.oneof === undefined && isWrapperDesc(field.message);
    const value = isWrapped
      ? `{ $typeName: ${JSON.stringify(field.message.typeName)}, ${field.message.fields[0]!.localName}: v }`
      : 'v';
    return `${this.#message(field.message, value)} ${tag(field.number, 2)}`;
  }

  #message(desc: DescMessage, value: string): string {
    const write = this.#code.inlined.has(desc)
      ? `{ ${this.#room()} const m = ${value}; ${this.#fields(desc)} }`
      : method(`${this.#code.part(desc)}.encode(${value}, s)`);
    return `{ const rest = end - p; ${write} ${this.#room()} ${sizeSince('rest')} }`;
  }

  #list(field: DescField & { fieldKind: 'list' }): string {
    const backwards = 'for (let i = list.length - 1; i >= 0; i--)';
    if (field.listKind === 'message')
      return `${backwards} { ${this.#message(field.message, 'list[i]')} ${tag(field.number, 2)} }`;
    const type = field.listKind === 'enum' ? ScalarType.INT32 : field.scalar;
    const item = `const v = list[i]; ${this.#room()} ${this.#scalar(type, 'v', field)}`;
    if (!field.packed) return `${backwards} { ${item} ${tag(field.number, wireTypeOf(type))} } ${this.#room()}`;
    return `if (list.length !== 0) {
      const rest = end - p;
      ${backwards} { ${item} }
      ${this.#room()}
      ${sizeSince('rest')}
      ${tag(field.number, 2)}
    }`;
  }

  #map(field: DescField & { fieldKind: 'map' }): string {
    const value =
      field.mapKind === 'message'
        ? `${this.#message(field.message, 'map[k]')} ${tag(2, 2)}`
        : this.#mapScalar(field, field.mapKind === 'enum' ? ScalarType.INT32 : field.scalar);
    const key = `const v = ${keyOf(field.mapKey)}; ${this.#scalar(field.mapKey, 'v', field)} ${tag(1, wireTypeOf(field.mapKey))}`;
    return `const keys = Object.keys(map);
    for (let i = keys.length - 1; i >= 0; i--) {
      const k = keys[i];
      ${this.#room()}
      const entry = end - p;
      ${value}
      { ${key} }
      ${sizeSince('entry')}
      ${tag(field.number, 2)}
    }
    ${this.#room()}`;
  }

  #mapScalar(field: DescField, type: ScalarType): string {
    return `{ const v = map[k]; ${this.#scalar(type, 'v', field)} ${tag(2, wireTypeOf(type))} }`;
  }

  /** For all fields of fixed size, and short texts. */
  #room(): string {
    return `if (p < ${this.#reserve}) { ${method(`s.ensure(${this.#reserve})`)} }`;
  }

  #scalar(type: ScalarType, v: string, field: DescField): string {
    const path = JSON.stringify(`${field.parent.typeName}.${field.name}`);
    const int32 = `(${v} | 0) === ${v}`;
    const uint32 = `(${v} >>> 0) === ${v}`;
    // Most numbers have one byte.
    const quick = (put: string) => `if ((${v} & 0x7f) === ${v}) b[--p] = ${v}; else p = ${put};`;
    const int64 = `(typeof ${v} === 'bigint' && BigInt.asIntN(64, ${v}) === ${v} ? ${v} : int64Of(${v}, ${path}))`;
    const uint64 = `(typeof ${v} === 'bigint' && BigInt.asUintN(64, ${v}) === ${v} ? ${v} : uint64Of(${v}, ${path}))`;
    switch (type) {
      case ScalarType.STRING:
        return `{ const text = typeof ${v} === 'string' ? ${v} : String(${v});
          if (text.length <= ${maxShortLength}) { const q = p; p = putText(b, p, text); const size = q - p; b[--p] = size; }
          else { ${method(`s.string(text, ${this.#reserve})`)} } }`;
      case ScalarType.BYTES:
        return method(`s.lengthDelimited(bytesOf(${v}, ${path}), ${this.#reserve})`);
      case ScalarType.BOOL:
        return `b[--p] = ${v} ? 1 : 0;`;
      case ScalarType.DOUBLE:
        return fixed(`s.double(${v})`);
      case ScalarType.FLOAT:
        return fixed(`s.float(floatOf(${v}, ${path}))`);
      case ScalarType.INT32:
        return quick(`putInt32(b, p, ${int32} ? ${v} : int32Of(${v}, ${path}))`);
      case ScalarType.SINT32:
        return fixed(`s.sint32(${int32} ? ${v} : int32Of(${v}, ${path}))`);
      case ScalarType.SFIXED32:
        return fixed(`s.fixed32(${int32} ? ${v} : int32Of(${v}, ${path}))`);
      case ScalarType.UINT32:
        return quick(`putVarint32(b, p, ${uint32} ? ${v} : uint32Of(${v}, ${path}))`);
      case ScalarType.FIXED32:
        return fixed(`s.fixed32(${uint32} ? ${v} : uint32Of(${v}, ${path}))`);
      case ScalarType.INT64:
        return `p = putInt64(b, p, ${int64});`;
      case ScalarType.UINT64:
        return `p = putInt64(b, p, ${uint64});`;
      case ScalarType.SINT64:
        return `p = putSint64(b, p, ${int64});`;
      case ScalarType.SFIXED64:
        return fixed(`s.fixed64(${int64})`);
      case ScalarType.FIXED64:
        return fixed(`s.fixed64(${uint64})`);
    }
  }
}

/** For all fields of fixed size, and short texts. */
function roomFor({ fields }: DescMessage): number {
  const texts = fields.filter((field) => field.fieldKind !== 'map' && field.scalar === ScalarType.STRING);
  return maxFixedBytes * (fields.length + 2) + maxShortBytes * Math.max(texts.length, 2);
}

/** Calls a method that may take another buffer. */
function method(call: string): string {
  return `s.at = p; ${call}; p = s.at; b = s.bytes; end = s.end;`;
}

/** Calls a method that writes where there is room. */
function fixed(call: string): string {
  return `s.at = p; ${call}; p = s.at;`;
}

/** The length of what was written since there were `rest` bytes behind. */
function sizeSince(rest: string): string {
  return `{ const size = end - p - ${rest}; if (size < 0x80) b[--p] = size; else p = putVarint32(b, p, size); }`;
}

/** The key of an entry from the name of a property. What is none, the check of its value refuses. */
function keyOf(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 'k';
    case ScalarType.BOOL:
      return `k === 'true' ? true : k === 'false' ? false : k`;
    default:
      return 'numberKey(k)';
  }
}

function tag(number: number, wireType: number): string {
  const value = ((number << 3) | wireType) >>> 0;
  if (value < 0x80) return `b[--p] = ${value};`;
  if (value < 0x4000) return `p -= 2; b[p] = ${(value & 0x7f) | 0x80}; b[p + 1] = ${value >>> 7};`;
  return `p = putVarint32(b, p, ${value});`;
}

export function is64(type: ScalarType): boolean {
  return (
    type === ScalarType.INT64 ||
    type === ScalarType.UINT64 ||
    type === ScalarType.SINT64 ||
    type === ScalarType.FIXED64 ||
    type === ScalarType.SFIXED64
  );
}

/** How a value of the type is framed: https://protobuf.dev/programming-guides/encoding/#structure */
export function wireTypeOf(type: ScalarType): number {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 2;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    default:
      return 0;
  }
}
