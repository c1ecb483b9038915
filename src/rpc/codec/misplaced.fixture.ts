import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { wireTypeOf } from './encoder-source.ts';
import { isPlain } from './plain-part.ts';

/**
 * The bytes of a message without the fields, at any depth, that came in another wire type than their own. They are unknown
 * ones, by the encoding and to us; in a map's entry they are dropped, as C++ and Go do. The library reads them as if they
 * had their own type: it can be asked about the rest only.
 */
export function withoutMisplaced(desc: DescMessage, bytes: Uint8Array): Uint8Array {
  return isPlain(desc) ? bytes : kept(bytes, layoutOf(desc));
}

/** What a message has under a number. */
type Layout = (number: number) => { readonly wireTypes: readonly number[]; readonly inner?: Layout } | undefined;

function kept(bytes: Uint8Array, layout: Layout): Uint8Array {
  const reader = new BinaryReader(bytes);
  const writer = new BinaryWriter();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = layout(number);
    const data = reader.skip(wireType, number);
    if (field !== undefined && !field.wireTypes.includes(wireType)) continue;
    writer.tag(number, wireType);
    if (field?.inner === undefined) writer.raw(data);
    else writer.bytes(kept(new BinaryReader(data).bytes(), field.inner));
  }
  return writer.finish();
}

function layoutOf(desc: DescMessage): Layout {
  return (number) => {
    const field = desc.fields.find((one) => one.number === number);
    if (field === undefined) return undefined;
    if (field.fieldKind === 'map') return { wireTypes: [2], inner: entryOf(field) };
    if (field.message !== undefined) return partOf(field.message);
    const own = wireTypeOf(field.enum === undefined ? (field.scalar as ScalarType) : ScalarType.INT32);
    return { wireTypes: field.fieldKind === 'list' ? [own, 2] : [own] };
  };
}

/** What the library reads all of it reads as it does. */
function partOf(desc: DescMessage): ReturnType<Layout> {
  return { wireTypes: [2], ...(!isPlain(desc) && { inner: layoutOf(desc) }) };
}

function entryOf(field: DescField & { fieldKind: 'map' }): Layout {
  return (number) => {
    if (number === 1) return { wireTypes: [wireTypeOf(field.mapKey)] };
    if (number !== 2) return undefined;
    if (field.mapKind === 'message') return partOf(field.message);
    return { wireTypes: [wireTypeOf(field.mapKind === 'enum' ? ScalarType.INT32 : field.scalar)] };
  };
}
