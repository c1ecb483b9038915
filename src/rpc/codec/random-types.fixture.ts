import { create, createFileRegistry, type DescMessage, type FileRegistry } from '@bufbuild/protobuf';
import {
  Edition,
  FeatureSet_EnumType,
  FeatureSet_FieldPresence,
  FeatureSet_MessageEncoding,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldOptions_JSType as JSType,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { below, pick, type Random } from './random-messages.fixture.ts';

const scalars = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 18] as const;
const packable = [1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18] as const;
const wide = [3, 4, 6, 16, 18] as const;
const keys = [3, 4, 5, 6, 7, 8, 9, 13, 15, 16, 17, 18] as const;
const numbers = [1, 2, 3, 4, 5, 6, 7, 15, 16, 100, 2047, 2048, 70_000, 536_870_911];
const wellKnown = ['Timestamp', 'Duration', 'Any', 'Value', 'ListValue'];
const wrappers = ['Int64Value', 'UInt32Value', 'StringValue', 'BytesValue', 'BoolValue', 'DoubleValue'];
const maxTypes = 4;
const dependencies = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** The numbers of the extensions `random.extra_0` and `random.extra_1` of M0, in files that may have some. */
const extensionNumbers = { start: 30_000, end: 30_100 };

/** A handful of message types, of a syntax by chance, that refer to each other. */
export function randomRegistry(random: Random): FileRegistry {
  const file = new RandomFile(random).build();
  const files = [...dependencies.map((dependency) => dependency.proto), file];
  return createFileRegistry(create(FileDescriptorSetSchema, { file: files }));
}

/** The first one is that which may have extensions. */
export function messageTypesOf(registry: FileRegistry): readonly DescMessage[] {
  const all = Array.from({ length: maxTypes }, (_, index) => registry.getMessage(`random.M${index}`));
  return all.filter((desc) => desc !== undefined);
}

type Syntax = 'proto3' | 'proto2' | 'editions';

class RandomFile {
  readonly #random: Random;
  readonly #syntax: Syntax;
  readonly #count: number;
  /** Groups, closed enums, required fields and Structs: types with these are the library's. */
  readonly #isExotic: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#syntax = pick(random, ['proto3', 'proto3', 'proto2', 'editions'] as const);
    this.#count = 1 + below(random, maxTypes);
    this.#isExotic = random() < 0.25;
  }

  build() {
    const syntax = this.#syntax;
    const isEdition = syntax === 'editions';
    const isClosed = isEdition && this.#isExotic && this.#chance(0.5);
    return create(FileDescriptorProtoSchema, {
      name: 'random.proto',
      package: 'random',
      syntax,
      ...(isEdition && { edition: Edition.EDITION_2023 }),
      dependency: dependencies.map(({ proto }) => proto.name),
      messageType: Array.from({ length: this.#count }, (_, index) => this.#message(index)),
      enumType: [
        {
          name: 'Colour',
          value: ['RED', 'GREEN', 'BLUE'].map((name, index) => ({ name, number: index === 2 ? -7 : index })),
          ...(isClosed && { options: { features: { enumType: FeatureSet_EnumType.CLOSED } } }),
        },
      ],
      ...(syntax !== 'proto3' && { extension: [this.#extension(0), this.#extension(1)] }),
    });
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #message(index: number) {
    const name = `M${index}`;
    const free = numbers.toSorted(() => this.#random() - 0.5).slice(0, below(this.#random, 9));
    const hasOneof = this.#chance(0.4);
    const oneofDecl = hasOneof ? [{ name: 'choice' }] : [];
    const nestedType: object[] = [];
    const field = free.map((number, at) => {
      const common = { name: `f_${at}`, number, jsonName: `f${at}` };
      const kind = this.#random();
      if (kind < 0.15) return { ...common, ...this.#map(name, at, nestedType) };
      if (kind < 0.4) return { ...common, ...this.#repeated() };
      if (hasOneof && kind < 0.6) return { ...common, ...this.#single(), oneofIndex: 0 };
      if (this.#syntax === 'proto3' && kind < 0.75) {
        oneofDecl.push({ name: `_f_${at}` });
        return { ...common, ...this.#single(), proto3Optional: true, oneofIndex: oneofDecl.length - 1 };
      }
      return { ...common, ...this.#alone() };
    });
    const usesOneof = field.some((one) => 'oneofIndex' in one && one.oneofIndex === 0);
    if (hasOneof && !usesOneof)
      field.push({ name: 'other', number: 18_000, jsonName: 'other', ...of(5), oneofIndex: 0 });
    const extensionRange = this.#syntax === 'proto3' || index > 0 ? [] : [extensionNumbers];
    return { name, field, nestedType, oneofDecl, extensionRange };
  }

  #map(parent: string, at: number, nestedType: object[]) {
    const entry = `F${at}Entry`;
    const value = this.#typed(scalars, true);
    nestedType.push({
      name: entry,
      options: { mapEntry: true },
      field: [
        { ...of(pick(this.#random, keys)), name: 'key', number: 1, jsonName: 'key' },
        { ...value, name: 'value', number: 2, jsonName: 'value' },
      ],
    });
    return { ...of(Type.MESSAGE), label: Label.REPEATED, typeName: `.random.${parent}.${entry}` };
  }

  #repeated() {
    const one = this.#typed(scalars, true);
    const canPack = (packable as readonly number[]).includes(one.type);
    const isSaid = canPack && this.#syntax !== 'editions' && this.#chance(0.4);
    const options = isSaid ? { options: { packed: this.#chance(0.5) } } : this.#text(one.type);
    return { ...one, ...options, label: Label.REPEATED };
  }

  #single() {
    const one = this.#typed(scalars, true);
    return { ...one, ...this.#text(one.type), ...this.#group(one.type) };
  }

  /** A field that may be wrapped, be required or have a default value. */
  #alone() {
    if (this.#chance(0.1)) return { ...of(Type.MESSAGE), typeName: `.google.protobuf.${pick(this.#random, wrappers)}` };
    if (this.#isExotic && this.#chance(0.1)) return { ...of(Type.MESSAGE), typeName: '.google.protobuf.Struct' };
    if (this.#isExotic && this.#chance(0.1)) {
      if (this.#syntax === 'proto2') return { ...of(pick(this.#random, scalars)), label: Label.REQUIRED };
      if (this.#syntax === 'editions') {
        const features = { fieldPresence: FeatureSet_FieldPresence.LEGACY_REQUIRED };
        return { ...of(pick(this.#random, scalars)), options: { features } };
      }
    }
    if (this.#syntax !== 'proto3' && this.#chance(0.1)) return { ...of(Type.INT32), defaultValue: '7' };
    if (this.#syntax === 'editions' && this.#chance(0.3)) {
      const features = { fieldPresence: FeatureSet_FieldPresence.IMPLICIT };
      return { ...of(pick(this.#random, scalars)), options: { features } };
    }
    return this.#single();
  }

  #typed(types: readonly number[], canBeMessage: boolean) {
    if (canBeMessage && this.#chance(0.25))
      return { ...of(Type.MESSAGE), typeName: `.random.M${below(this.#random, this.#count)}` };
    if (canBeMessage && this.#chance(0.07))
      return { ...of(Type.MESSAGE), typeName: `.google.protobuf.${pick(this.#random, [...wellKnown, ...wrappers])}` };
    // Enums of proto2 are closed.
    if (this.#chance(0.1) && (this.#syntax !== 'proto2' || this.#isExotic))
      return { ...of(Type.ENUM), typeName: '.random.Colour' };
    return of(pick(this.#random, types));
  }

  #text(type: Type): { readonly options?: object } {
    const isText = (wide as readonly number[]).includes(type) && this.#chance(0.3);
    return isText ? { options: { jstype: JSType.JS_STRING } } : {};
  }

  #group(type: Type): { readonly options?: object; readonly type?: Type } {
    if (type !== Type.MESSAGE || !this.#isExotic || !this.#chance(0.5)) return {};
    if (this.#syntax === 'proto2') return { type: Type.GROUP };
    if (this.#syntax === 'proto3') return {};
    return { options: { features: { messageEncoding: FeatureSet_MessageEncoding.DELIMITED } } };
  }

  #extension(index: number) {
    const number = extensionNumbers.start + index;
    const common = { name: `extra_${index}`, jsonName: `extra${index}`, number, extendee: '.random.M0' };
    return { ...common, ...(index === 0 ? this.#typed(scalars, true) : { ...of(Type.INT64), label: Label.REPEATED }) };
  }
}

function of(type: number): { readonly label: Label; readonly type: Type; readonly typeName?: string } {
  return { label: Label.OPTIONAL, type };
}
