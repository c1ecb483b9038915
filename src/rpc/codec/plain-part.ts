import { type DescField, type DescMessage, fromBinary, mergeFromBinary, toBinary } from '@bufbuild/protobuf';
import type { PartCodec } from './codec.ts';

/** google.protobuf.FeatureSet.FieldPresence.LEGACY_REQUIRED */
const legacyRequired = 3;

/** What is rare and intricate stays with the library: groups, closed enums, required fields, Struct as JSON. */
export function isPlain(desc: DescMessage): boolean {
  return desc.fields.some((field) => {
    if (field.presence === legacyRequired) return true;
    if ('delimitedEncoding' in field && field.delimitedEncoding === true) return true;
    if (field.enum !== undefined && !field.enum.open) return true;
    return isJson(field);
  });
}

function isJson(field: DescField): boolean {
  return field.message?.typeName === 'google.protobuf.Struct' && field.parent.typeName !== 'google.protobuf.Value';
}

export function plainPart(desc: DescMessage): PartCodec {
  return {
    encode: (message, sink) => sink.raw(toBinary(desc, message), 0),
    decode(source, end, depth, into) {
      const bytes = source.bytes.subarray(source.at, end);
      const options = { recursionLimit: depth };
      source.at = end;
      return readPlain(() =>
        into === undefined ? fromBinary(desc, bytes, options) : mergeFromBinary(desc, into, bytes, options),
      );
    },
  };
}

function readPlain<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? error : new RangeError((error as Error).message, { cause: error });
  }
}
