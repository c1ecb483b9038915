import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import type { Code } from './code.ts';
import { is64, wireTypeOf } from './encoder-source.ts';
import { maxShortLength, maxUnitsLength } from './short-text.ts';

const implicit = 2;
/** Each message has an array of its own, over one buffer: `new Uint8Array(0)` takes eight times as long. */
const noBytes = 'new Uint8Array(noBuffer, 0, 0)';

/**
 * The function that reads a message of this type, as source: one loop over tags into local variables, then one object
 * literal, so that all messages of a type have one shape. A field that comes in another wire type than its own is kept as an
 * unknown one.
 */
export function decoderSource(desc: DescMessage, code: Code, hasPrototype: boolean): string {
  return new DecoderSource(desc, code, hasPrototype).build();
}

class DecoderSource {
  readonly #desc: DescMessage;
  readonly #code: Code;
  readonly #hasPrototype: boolean;

  constructor(desc: DescMessage, code: Code, hasPrototype: boolean) {
    this.#desc = desc;
    this.#code = code;
    this.#hasPrototype = hasPrototype;
  }

  build(): string {
    const { members, typeName } = this.#desc;
    const resume = members.map((member, index) => this.#resume(member, `f${index}`));
    return `(r, end, depth, into) => {
      if (depth <= 0) throw tooDeep(${JSON.stringify(typeName)});
      const b = r.bytes;
      let p = r.at;
      ${this.#locals()}
      if (into !== undefined) {
        u = into.$unknown;
        ${resume.join('\n')}
      }
      ${this.#loop('depth')}
      r.at = p;
      ${this.#literal()}
      return m;
    }`;
  }

  /** Statements that read the fields from p to `limit` as a message of its own, into a variable of the block around it. */
  inlined(into: string, limit: string): string {
    return `if (depth <= 1) throw tooDeep(${JSON.stringify(this.#desc.typeName)});
      { const end = ${limit};
        ${this.#locals()}
        ${this.#loop('depth - 1')}
        ${this.#literal()}
        ${into} = m;
      }`;
  }

  #locals(): string {
    return `let u;\n${this.#desc.members.map((member, index) => `let f${index}${this.#initial(member)};`).join('\n')}`;
  }

  #loop(depth: string): string {
    return `while (p < end) {
        let t = b[p++];
        if (t >= 0x80) {
          const h = b[p];
          if (h !== 0 && h < 0x80) { t = t & 0x7f | h << 7; p++; } else { r.at = p - 1; t = r.tag(); p = r.at; }
        } else if (t < 8) { r.at = p - 1; r.tag(); }
        switch (t) {
          ${this.#desc.fields.map((field) => this.#cases(field)).join('\n')}
          default: {
            r.at = p;
            const data = r.skip(t, end, ${depth});
            p = r.at;
            (u ??= []).push({ no: t >>> 3, wireType: t & 7, data });
          }
        }
      }
      if (p !== end) { r.at = p; throw r.overrun(); }`;
  }

  /** A message that comes in several parts is one: the later ones go on from the first. */
  #resume(member: DescMessage['members'][number], f: string): string {
    const name = JSON.stringify(member.localName);
    const isOwn = this.#hasPrototype ? `if (Object.hasOwn(into, ${name})) ` : '';
    return `${isOwn}${f} = into[${name}];`;
  }

  /** What a message has of the member before anything is read; nothing where it must not have the property. */
  #initial(member: DescMessage['members'][number]): string {
    if (member.kind === 'oneof' || member.fieldKind === 'list') return '';
    if (member.fieldKind === 'map') return ' = {}';
    if (member.presence !== implicit || member.fieldKind === 'message') return '';
    if (member.fieldKind === 'enum') return ` = ${member.enum.values[0]!.number}`;
    switch (member.scalar) {
      case ScalarType.STRING:
        return ` = ''`;
      case ScalarType.BYTES:
        return '';
      case ScalarType.BOOL:
        return ' = false';
      default:
        return is64(member.scalar) ? (member.longAsString ? ` = '0'` : ' = 0n') : ' = 0';
    }
  }

  #literal(): string {
    const always: string[] = [`$typeName: ${JSON.stringify(this.#desc.typeName)}`];
    const sometimes: string[] = [];
    for (const [index, member] of this.#desc.members.entries()) {
      const name = JSON.stringify(member.localName);
      if (member.kind === 'oneof') always.push(`${name}: f${index} ?? { case: undefined }`);
      else if (member.fieldKind === 'scalar' && member.scalar === ScalarType.BYTES && member.presence === implicit)
        always.push(`${name}: f${index} ?? ${noBytes}`);
      else if (member.fieldKind === 'list') always.push(`${name}: f${index} ?? []`);
      else if (this.#initial(member) !== '') always.push(`${name}: f${index}`);
      else sometimes.push(`if (f${index} !== undefined) m[${name}] = f${index};`);
    }
    sometimes.push('if (u !== undefined) m.$unknown = u;');
    if (!this.#hasPrototype) return `const m = { ${always.join(', ')} };\n${sometimes.join('\n')}`;
    const set = always.map((property) => property.replace(/^("(?:[^"\\]|\\.)*"|\$typeName): /, 'm[$1] = '));
    const assigned = set.map((text) => text.replace('m[$typeName]', 'm.$typeName'));
    return `const m = new Shape();\n${assigned.map((text) => `${text};`).join('\n')}\n${sometimes.join('\n')}`;
  }

  #cases(field: DescField): string {
    const index = this.#desc.members.indexOf((field.oneof ?? field) as DescMessage['members'][number]);
    const f = `f${index}`;
    if (field.fieldKind === 'list') return this.#listCases(field, f);
    if (field.fieldKind === 'map') return this.#case(field.number, 2, this.#entry(field, f));
    if (field.fieldKind === 'message') return this.#case(field.number, 2, this.#message(field, f));
    const type = field.fieldKind === 'enum' ? ScalarType.INT32 : field.scalar;
    const read = this.#scalar(type, field, field.fieldKind === 'scalar' && field.longAsString);
    const body =
      field.oneof === undefined
        ? `${read(f)}`
        : `let v; ${read('v')} ${f} = { case: ${JSON.stringify(field.localName)}, value: v };`;
    return this.#case(field.number, wireTypeOf(type), body);
  }

  #case(number: number, wireType: number, body: string): string {
    return `case ${tagOf(number, wireType)}: { ${body} break; }`;
  }

  #listCases(field: DescField & { fieldKind: 'list' }, f: string): string {
    if (field.listKind === 'message') {
      const part = (into: string) => this.#part(field.message, into, 'end', 'undefined');
      return this.#case(field.number, 2, elements(f, tagOf(field.number, 2), part));
    }
    const type = field.listKind === 'enum' ? ScalarType.INT32 : field.scalar;
    const read = this.#scalar(type, field, field.listKind === 'scalar' && field.longAsString);
    const wireType = wireTypeOf(type);
    const one = this.#case(field.number, wireType, fewElements(f, tagOf(field.number, wireType), read));
    if (wireType === 2) return one;
    const packed = `${lengthOf('last', 'end')}
      ${f} ??= [];
      while (p < last) { let v; ${read('v')} ${f}.push(v); }
      if (p !== last) { r.at = p; throw r.overrun(); }`;
    return `${one}\n${this.#case(field.number, 2, packed)}`;
  }

  #message(field: DescField & { fieldKind: 'message' }, f: string): string {
    const { message, localName, oneof } = field;
    const name = JSON.stringify(localName);
    if (oneof !== undefined) {
      return `const known = ${f} !== undefined && ${f}.case === ${name} ? ${f}.value : undefined;
        let v; ${this.#part(message, 'v', 'end', 'known')} ${f} = { case: ${name}, value: v };`;
    }
    if (isWrapperDesc(message)) {
      const inner = message.fields[0]!.localName;
      const whole = `{ $typeName: ${JSON.stringify(message.typeName)}, ${inner}: ${f} }`;
      return `const known = ${f} === undefined ? undefined : ${whole};
        let v; ${this.#part(message, 'v', 'end', 'known')} ${f} = v.${inner};`;
    }
    return `let v; ${this.#part(message, 'v', 'end', f)} ${f} = v;`;
  }

  /** Statements that read a part with its length into a variable; `known`: what there is of it already, if anything. */
  #part(desc: DescMessage, into: string, limit: string, known: string): string {
    const length = lengthOf('last', limit);
    const call = () => `r.at = p; ${into} = ${this.#code.part(desc)}.decode(r, last, depth - 1, ${known}); p = last;`;
    if (!this.#code.inlined.has(desc)) return `${length} ${call()}`;
    const inlined = new DecoderSource(desc, this.#code, false).inlined(into, 'last');
    if (known === 'undefined') return `${length} ${inlined}`;
    return `${length} if (${known} === undefined) { ${inlined} } else { ${call()} }`;
  }

  #entry(field: DescField & { fieldKind: 'map' }, f: string): string {
    const keyWire = wireTypeOf(field.mapKey);
    const key = this.#scalar(field.mapKey, field, false, 'shortKey');
    let value: string;
    let valueWire = 2;
    let zero: string;
    if (field.mapKind === 'message') {
      value = this.#part(field.message, 'v', 'end', 'v');
      zero = `blank(${this.#code.part(field.message)})`;
    } else {
      const type = field.mapKind === 'enum' ? ScalarType.INT32 : field.scalar;
      valueWire = wireTypeOf(type);
      value = this.#scalar(type, field, false)('v');
      zero = field.mapKind === 'enum' ? String(field.enum.values[0]!.number) : zeroOf(type);
    }
    return `${lengthOf('last', 'end')}
      let k; let v;
      { const end = last;
        while (p < last) {
          let t = b[p++];
          if (t < 8 || t >= 0x80) { r.at = p - 1; t = r.tag(); p = r.at; }
          if (t === ${8 | keyWire}) { ${key('k')} }
          else if (t === ${16 | valueWire}) { ${value} }
          else { r.at = p; r.skip(t, last, depth); p = r.at; }
        }
        if (p !== last) { r.at = p; throw r.overrun(); }
      }
      if (k === undefined) k = ${zeroOf(field.mapKey)};
      if (v === undefined) v = ${zero};
      if (k === '__proto__') setProto(${f}, v); else ${f}[k] = v;`;
  }

  /** Statements that read a scalar at p into a variable. */
  #scalar(type: ScalarType, field: DescField, longAsString: boolean, short = 'shortText'): (into: string) => string {
    const slow = (method: string) => (into: string) => `r.at = p; ${into} = r.${method}; p = r.at;`;
    // Most numbers have one byte.
    const quick = (method: string, of: (value: string) => string) => (into: string) =>
      `{ const w = b[p]; if (w < 0x80) { ${into} = ${of('w')}; p++; } else { r.at = p; ${into} = r.${method}; p = r.at; } }`;
    const long = (text: string) => (longAsString ? `String(${text})` : text);
    const wide = (method: string) => (into: string) => `r.at = p; ${into} = ${long(`r.${method}`)}; p = r.at;`;
    switch (type) {
      case ScalarType.STRING: {
        const isStrict = 'utf8Validation' in field && field.utf8Validation === true;
        return (into) => `{ ${lengthOf('e', 'end')}
          if (e - p <= ${maxShortLength}) ${into} = ${short}(b, p, e);
          else ${into} = b[p] >= 0xe0 && e - p <= ${maxUnitsLength} ? unitsText(b, p, e) : undefined;
          if (${into} === undefined) ${into} = r.text(p, e, ${isStrict});
          p = e; }`;
      }
      case ScalarType.BYTES:
        return (into) => `{ ${lengthOf('e', 'end')} ${into} = r.view(p, e); p = e; }`;
      case ScalarType.BOOL:
        return quick('bool()', (w) => `${w} !== 0`);
      case ScalarType.DOUBLE:
        return slow('double()');
      case ScalarType.FLOAT:
        return slow('float()');
      case ScalarType.INT32:
        return quick('int32()', (w) => w);
      case ScalarType.UINT32:
        return quick('varint32()', (w) => w);
      case ScalarType.SINT32:
        return quick('sint32()', (w) => `(${w} >>> 1) ^ -(${w} & 1)`);
      case ScalarType.FIXED32:
        return slow('fixed32()');
      case ScalarType.SFIXED32:
        return slow('sfixed32()');
      case ScalarType.INT64:
        return wide('int64()');
      case ScalarType.UINT64:
        return wide('uint64()');
      case ScalarType.SINT64:
        return wide('sint64()');
      case ScalarType.FIXED64:
        return wide('fixed64()');
      case ScalarType.SFIXED64:
        return wide('sfixed64()');
    }
  }
}

function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}

/** Reads one element of a list, and those that follow right behind. */
function elements(list: string, tag: number, read: (into: string) => string): string {
  const push = `if (${list} === undefined) ${list} = [v]; else ${list}.push(v);`;
  if (tag >= 0x80) return `let v; ${read('v')} ${push}`;
  return `for (;;) { let v; ${read('v')} ${push} if (p >= end || b[p] !== ${tag}) break; p++; }`;
}

/** The same, where reading takes little code: a list that has few gets no room for more. */
function fewElements(list: string, tag: number, read: (into: string) => string): string {
  if (tag >= 0x80) return elements(list, tag, read);
  const follows = `p < end && b[p] === ${tag}`;
  return `if (${list} === undefined) {
      let v; ${read('v')}
      if (${follows}) {
        let v2; p++; ${read('v2')}
        if (${follows}) { let v3; p++; ${read('v3')} ${list} = [v, v2, v3]; } else ${list} = [v, v2];
      } else ${list} = [v];
      if (!(${follows})) break;
      p++;
    }
    ${elements(list, tag, read)}`;
}

/** Statements that read a length at p and declare where what has it ends. At the end of the bytes it is NaN, which is too long, too. */
function lengthOf(name: string, limit: string): string {
  return `let ${name} = b[p++];
    if (${name} >= 0x80) { r.at = p - 1; ${name} = r.varint32(); p = r.at; }
    ${name} += p;
    if (!(${name} <= ${limit})) throw r.tooLong(p, ${name}, ${limit});`;
}

function zeroOf(type: ScalarType): string {
  if (type === ScalarType.STRING) return `''`;
  if (type === ScalarType.BYTES) return noBytes;
  if (type === ScalarType.BOOL) return 'false';
  return is64(type) ? '0n' : '0';
}
