import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import type { Code } from './code.ts';
import { maxFixedBytes } from './sink.ts';

/** google.protobuf.FeatureSet.FieldPresence.IMPLICIT */
const implicit = 2;

/**
 * The function that writes a message of this type, as source: last field first. `code` collects what it refers to. Where a
 * value of variable size was written, room for all fields of fixed size is made again, so that those need not ask.
 */
export function encoderSource(desc: DescMessage, code: Code, hasPrototype: boolean): string {
  return new EncoderSource(desc, code, hasPrototype).build();
}

class EncoderSource {
  readonly #desc: DescMessage;
  readonly #code: Code;
  readonly #hasPrototype: boolean;
  readonly #fields: readonly DescField[];
  readonly #reserve: number;

  constructor(desc: DescMessage, code: Code, hasPrototype: boolean) {
    this.#desc = desc;
    this.#code = code;
    this.#hasPrototype = hasPrototype;
    this.#fields = desc.fields.toSorted((a, b) => b.number - a.number);
    this.#reserve = maxFixedBytes * (desc.fields.length + 2);
  }

  build(): string {
    const { typeName, oneofs } = this.#desc;
    const name = JSON.stringify(typeName);
    const groups = oneofs.map((oneof, index) => `const o${index} = m[${JSON.stringify(oneof.localName)}];`);
    return `(m, s) => {
      ${this.#fields.length > 0 ? `if (m.$typeName !== ${name}) foreign(m, ${name});` : ''}
      s.ensure(${this.#reserve});
      const u = m.$unknown;
      if (u !== undefined) unknown(s, u, ${this.#reserve});
      ${groups.join('\n')}
      ${this.#fields.map((field) => this.#field(field)).join('\n')}
    }`;
  }

  #field(field: DescField): string {
    const member = `m[${JSON.stringify(field.localName)}]`;
    if (field.fieldKind === 'list') return `{ const list = ${member}; ${this.#list(field)} }`;
    if (field.fieldKind === 'map') return `{ const map = ${member}; ${this.#map(field)} }`;
    const write = this.#single(field);
    if (field.oneof !== undefined) {
      const group = `o${this.#desc.oneofs.indexOf(field.oneof)}`;
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
    const part = this.#code.part(desc);
    return `{ const end = s.bytes.length - s.at; ${part}.encode(${value}, s); s.ensure(${this.#reserve}); s.varint32(s.bytes.length - s.at - end); }`;
  }

  #list(field: DescField & { fieldKind: 'list' }): string {
    const backwards = 'for (let i = list.length - 1; i >= 0; i--)';
    if (field.listKind === 'message')
      return `${backwards} { ${this.#message(field.message, 'list[i]')} ${tag(field.number, 2)} }`;
    const type = field.listKind === 'enum' ? ScalarType.INT32 : field.scalar;
    const item = `const v = list[i]; s.ensure(${this.#reserve}); ${this.#scalar(type, 'v', field)}`;
    if (!field.packed)
      return `${backwards} { ${item} ${tag(field.number, wireTypeOf(type))} } s.ensure(${this.#reserve});`;
    return `if (list.length !== 0) {
      const end = s.bytes.length - s.at;
      ${backwards} { ${item} }
      s.ensure(${this.#reserve});
      s.varint32(s.bytes.length - s.at - end);
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
      s.ensure(${this.#reserve});
      const entry = s.bytes.length - s.at;
      ${value}
      { ${key} }
      s.varint32(s.bytes.length - s.at - entry);
      ${tag(field.number, 2)}
    }
    s.ensure(${this.#reserve});`;
  }

  #mapScalar(field: DescField, type: ScalarType): string {
    return `{ const v = map[k]; ${this.#scalar(type, 'v', field)} ${tag(2, wireTypeOf(type))} }`;
  }

  #scalar(type: ScalarType, v: string, field: DescField): string {
    const path = JSON.stringify(`${field.parent.typeName}.${field.name}`);
    switch (type) {
      case ScalarType.STRING:
        return `s.string(typeof ${v} === 'string' ? ${v} : String(${v}), ${this.#reserve});`;
      case ScalarType.BYTES:
        return `s.lengthDelimited(bytesOf(${v}, ${path}), ${this.#reserve});`;
      case ScalarType.BOOL:
        return `s.bytes[--s.at] = ${v} ? 1 : 0;`;
      case ScalarType.DOUBLE:
        return `s.double(${v});`;
      case ScalarType.FLOAT:
        return `s.float(floatOf(${v}, ${path}));`;
      case ScalarType.INT32:
        return `s.int32((${v} | 0) === ${v} ? ${v} : int32Of(${v}, ${path}));`;
      case ScalarType.SINT32:
        return `s.sint32((${v} | 0) === ${v} ? ${v} : int32Of(${v}, ${path}));`;
      case ScalarType.SFIXED32:
        return `s.fixed32((${v} | 0) === ${v} ? ${v} : int32Of(${v}, ${path}));`;
      case ScalarType.UINT32:
        return `s.varint32((${v} >>> 0) === ${v} ? ${v} : uint32Of(${v}, ${path}));`;
      case ScalarType.FIXED32:
        return `s.fixed32((${v} >>> 0) === ${v} ? ${v} : uint32Of(${v}, ${path}));`;
      case ScalarType.INT64:
        return `s.int64(int64Of(${v}, ${path}));`;
      case ScalarType.UINT64:
        return `s.int64(uint64Of(${v}, ${path}));`;
      case ScalarType.SINT64:
        return `s.sint64(int64Of(${v}, ${path}));`;
      case ScalarType.SFIXED64:
        return `s.fixed64(int64Of(${v}, ${path}));`;
      case ScalarType.FIXED64:
        return `s.fixed64(uint64Of(${v}, ${path}));`;
    }
  }
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
  return value < 0x80 ? `s.bytes[--s.at] = ${value};` : `s.varint32(${value});`;
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
